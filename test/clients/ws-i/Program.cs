// WS-I Basic Profile 1.1 in the served WSDLs, by .NET's own checker.
using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Web.Services;
using System.Web.Services.Description;

static class Program
{
    static void Main()
    {
        foreach (string variable in new[] { "T04_URL", "UTILITY_URL" })
        {
            string url = Environment.GetEnvironmentVariable(variable);
            string served = Get(url + "?wsdl");
            Check.Equal(url + "?wsdl: violations", "", Violations(Read(served)));
            Check.Equal(url + "?wsdl: bindings that are not SOAP 1.1", 0, Read(served).Bindings.Cast<Binding>().Count(IsSoap12));
            Spoilt(served);
            WithSoap12(url + "?wsdl=1.2");
        }
        Console.WriteLine("ok, {0} checks", Check.Count);
    }

    /// The checker would have said so: each of these is one violation of a rule that it knows.
    static void Spoilt(string served)
    {
        Spoilt(served, "R2701", " transport=\"http://schemas.xmlsoap.org/soap/http\"", "");
        Spoilt(served, "R2702", "transport=\"http://schemas.xmlsoap.org/soap/http\"", "transport=\"urn:pigeon\"");
        Spoilt(served, "R2706", "use=\"literal\"", "use=\"encoded\"");
        Spoilt(served, "R2306", " element=\"tns:", " type=\"xs:string\" element=\"tns:");
        Spoilt(served, "R2304", "</wsdl:portType>", Operation(served) + "</wsdl:portType>");
        Spoilt(served, "R2718", "</wsdl:portType>", Operation(served).Replace("operation name=\"", "operation name=\"another") + "</wsdl:portType>");
    }

    /// The first of the portType.
    static string Operation(string served)
    {
        return Regex.Match(served, "<wsdl:operation .*?</wsdl:operation>", RegexOptions.Singleline).Value;
    }

    static void Spoilt(string served, string rule, string right, string wrong)
    {
        Check.Equal(rule + ": the WSDL has " + right, true, served.Contains(right));
        Check.Equal(rule + " in the WSDL with " + wrong, true, Violations(Read(served.Replace(right, wrong))).Contains(rule));
    }

    /// Basic Profile 1.1 is about SOAP 1.1 alone (R2401): a binding for SOAP 1.2 is outside of it. All else that
    /// ?wsdl=1.2 shows is held against it.
    static void WithSoap12(string url)
    {
        ServiceDescription wsdl = Read(Get(url));
        Binding binding = wsdl.Bindings.Cast<Binding>().Single(IsSoap12);
        Port port = wsdl.Services[0].Ports.Cast<Port>().Single(one => one.Binding.Name == binding.Name);
        Check.Equal(url + ": name of the port for SOAP 1.2", wsdl.Services[0].Ports[0].Name + "12", port.Name);
        wsdl.Bindings.Remove(binding);
        wsdl.Services[0].Ports.Remove(port);
        Check.Equal(url + ": violations outside of the binding for SOAP 1.2", "", Violations(wsdl));
    }

    static bool IsSoap12(Binding binding)
    {
        return binding.Extensions.Cast<object>().Any(extension => extension is Soap12Binding);
    }

    static string Violations(ServiceDescription wsdl)
    {
        BasicProfileViolationCollection violations = new BasicProfileViolationCollection();
        bool conforms = WebServicesInteroperability.CheckConformance(WsiProfiles.BasicProfile1_1, wsdl, violations);
        string found = string.Join("; ", violations.Select(violation => violation.NormativeStatement + " " + violation.Details));
        Check.Equal("the checker's answer and its list: " + found, conforms, found == "");
        return found;
    }

    static ServiceDescription Read(string wsdl)
    {
        return ServiceDescription.Read(new StringReader(wsdl));
    }

    static string Get(string url)
    {
        using (WebClient client = new WebClient { Encoding = Encoding.UTF8 }) return client.DownloadString(url);
    }
}
