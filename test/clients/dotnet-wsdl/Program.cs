using System;
using System.Linq;
using System.Net;
using System.Text;
using System.Web.Services;
using System.Web.Services.Description;
using System.Web.Services.Protocols;

static class Program
{
    static void Main()
    {
        // The default of .NET, said here so that it is tested whatever the runtime's is.
        ServicePointManager.Expect100Continue = true;
        using (AdresslistaFacadeClientService service = new AdresslistaFacadeClientService())
        {
            string asked = Environment.GetEnvironmentVariable("T04_URL");
            Check.Equal("address in the served WSDL", asked, service.Url);
            // As portals do for long lists: gzip is asked for, and read without a word.
            service.EnableDecompression = true;
            Flow.Run(service.getKurs, service.getKursTf, service.getAdrLista);
            foreach (Encoding encoding in new[] { Encoding.Unicode, Encoding.GetEncoding("iso-8859-1") })
            {
                service.RequestEncoding = encoding;
                Flow.Run(service.getKurs, service.getKursTf, service.getAdrLista);
            }
            Faults(service);
        }
        Institutions();
        Console.WriteLine("ok, {0} checks", Check.Count);
    }

    static void Faults(AdresslistaFacadeClientService service)
    {
        using (Nothing nothing = new Nothing { Url = service.Url, SoapVersion = service.SoapVersion })
        {
            SoapException fault = Check.Thrown<SoapException>("an operation that is not there", () => nothing.getNothing());
            bool is12 = service.SoapVersion == SoapProtocolVersion.Soap12;
            Check.Equal("code of the fault", is12 ? Soap12FaultCodes.SenderFaultCode : SoapException.ClientFaultCode, fault.Code);
            string sentence = "The operation is none of getKurs, getKursTf, getAdrLista.";
            Check.Equal("sentence of the fault", sentence, fault.Message);
        }
    }

    static void Institutions()
    {
        string kod = Environment.GetEnvironmentVariable("FACT_INSTITUTION");
        using (Utility.UtilityFacadeClientService service = new Utility.UtilityFacadeClientService())
        {
            Check.Equal("address in UtilityFetcher's WSDL", Environment.GetEnvironmentVariable("UTILITY_URL"), service.Url);
            Utility.utilityInstitutionVO institution = service.getInstitutionByKod(UtilityUser(), kod);
            Check.Equal("getInstitutionByKod: valid", true, institution.valid);
            Check.Equal("name of the institution", Environment.GetEnvironmentVariable("FACT_INSTITUTION_BENAMN"), institution.benamn);
            Utility.utilityInstitutionVO[] all = service.findAllInstitutions(UtilityUser());
            Check.Equal("the institution in the list of all", 1, all.Count(one => one.kod == kod));
            Utility.utilityKursVO course = service.getKursByKod(UtilityUser(), Environment.GetEnvironmentVariable("FACT_KURSKOD"));
            Check.Equal("name of the course", Environment.GetEnvironmentVariable("FACT_BENAMNING"), course.benamns);
            Check.Equal("points of the course as a decimal", true, course.poang > 0 && course.poangSpecified);
        }
    }

    static Utility.userVO UtilityUser()
    {
        userVO user = Flow.User();
        return new Utility.userVO
        {
            uid = user.uid,
            type = user.type,
            authinfovo = new Utility.authInfoVO
            {
                caller = user.authinfovo.caller,
                ticket = new Utility.ticketVO { ticket = user.authinfovo.ticket.ticket },
            },
        };
    }
}

/// A stub like the generated ones, of an operation that the service does not have.
[WebServiceBinding(Name = "NothingBinding", Namespace = Nothing.Namespace)]
class Nothing : SoapHttpClientProtocol
{
    public const string Namespace = "http://facadeclient.adresslista.service.lpw.ladok/";

    [SoapDocumentMethod("", RequestNamespace = Namespace, ResponseNamespace = Namespace, Use = SoapBindingUse.Literal, ParameterStyle = SoapParameterStyle.Wrapped)]
    public void getNothing()
    {
        Invoke("getNothing", new object[0]);
    }
}
