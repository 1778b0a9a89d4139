using System;
using System.Net;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Text;

static class Program
{
    static void Main()
    {
        Over("BasicHttpBinding", new BasicHttpBinding());
        Over("SOAP 1.2", Http(EnvelopeVersion.Soap12, AddressingVersion.None));
        // Headers that .NET marks as to be understood, which the WSDL does not ask for.
        Over("SOAP 1.1 with WS-Addressing", Http(EnvelopeVersion.Soap11, AddressingVersion.WSAddressing10));
        Over("SOAP 1.2 with WS-Addressing", Http(EnvelopeVersion.Soap12, AddressingVersion.WSAddressing10));
        Over("WS-Addressing of 2004", Http(EnvelopeVersion.Soap12, AddressingVersion.WSAddressingAugust2004));
        Console.WriteLine("ok, {0} checks", Check.Count);
    }

    static void Over(string what, Binding binding)
    {
        try
        {
            EndpointAddress address = new EndpointAddress(Environment.GetEnvironmentVariable("T04_URL"));
            Calls(binding, address);
            Faults(binding, address);
        }
        catch (Exception exception)
        {
            Check.Equal(what, "no exception", exception);
        }
    }

    static void Calls(Binding binding, EndpointAddress address)
    {
        using (AdresslistaFetcherClient client = new AdresslistaFetcherClient(binding, address))
        {
            Flow.Run(
                (user, list) => client.getKurs(new getKurs { arg0 = user, arg1 = list }).@return,
                (user, list) => client.getKursTf(new getKursTf { arg0 = user, arg1 = list }).@return,
                (user, list) => client.getAdrLista(new getAdrLista { arg0 = user, arg1 = list }).@return);
        }
    }

    static void Faults(Binding binding, EndpointAddress address)
    {
        ChannelFactory<Nothing> factory = new ChannelFactory<Nothing>(binding, address);
        Nothing nothing = factory.CreateChannel();
        if (binding.MessageVersion.Envelope == EnvelopeVersion.Soap11)
        {
            FaultException fault = Check.Thrown<FaultException>("an operation that is not there", nothing.getNothing);
            Check.Equal("code of the fault", "Client", fault.Code.Name);
            Check.Equal("sentence of the fault", "The operation is none of getKurs, getKursTf, getAdrLista.", fault.Message);
        }
        else
        {
            // SOAP 1.2 has 400 for a Sender fault. WCF reads a fault only with 500.
            WebException refused = Check.Thrown<WebException>("an operation that is not there", nothing.getNothing);
            Check.Equal("status in the exception", true, refused.Message.Contains("400"));
        }
        using (new OperationContextScope((IContextChannel)nothing))
        {
            MessageHeader header = MessageHeader.CreateHeader("policy", "urn:example", "strict", true);
            OperationContext.Current.OutgoingMessageHeaders.Add(header);
            FaultException fault = Check.Thrown<FaultException>("a header that is not understood", nothing.getNothing);
            Check.Equal("code of that fault", "MustUnderstand", fault.Code.Name);
            Check.Equal("sentence of that fault", "A header that must be understood is not supported.", fault.Message);
        }
        factory.Close();
    }

    static Binding Http(EnvelopeVersion envelope, AddressingVersion addressing)
    {
        MessageVersion version = MessageVersion.CreateVersion(envelope, addressing);
        return new CustomBinding(new TextMessageEncodingBindingElement(version, Encoding.UTF8), new HttpTransportBindingElement());
    }
}

/// An operation that the service does not have.
[ServiceContract(Namespace = Lpw.Namespace)]
interface Nothing
{
    [OperationContract(Action = "*", ReplyAction = "*")]
    void getNothing();
}
