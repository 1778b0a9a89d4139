// The message contracts that Microsoft's svcutil writes beside the data classes, and that Mono's refers to without
// writing them: the wrapper elements of the WSDL.
using System.ServiceModel;
using System.Xml.Schema;
using System.Xml.Serialization;

static class Lpw
{
    public const string Namespace = "http://facadeclient.adresslista.service.lpw.ladok/";
}

[MessageContract(WrapperName = "getKurs", WrapperNamespace = Lpw.Namespace, IsWrapped = true)]
public class getKurs : Request { }

[MessageContract(WrapperName = "getKursTf", WrapperNamespace = Lpw.Namespace, IsWrapped = true)]
public class getKursTf : Request { }

[MessageContract(WrapperName = "getAdrLista", WrapperNamespace = Lpw.Namespace, IsWrapped = true)]
public class getAdrLista : Request { }

[MessageContract(WrapperName = "getKursResponse", WrapperNamespace = Lpw.Namespace, IsWrapped = true)]
public class getKursResponse : Response { }

[MessageContract(WrapperName = "getKursTfResponse", WrapperNamespace = Lpw.Namespace, IsWrapped = true)]
public class getKursTfResponse : Response { }

[MessageContract(WrapperName = "getAdrListaResponse", WrapperNamespace = Lpw.Namespace, IsWrapped = true)]
public class getAdrListaResponse : Response { }

[MessageContract]
public abstract class Request
{
    [MessageBodyMember(Namespace = Lpw.Namespace, Order = 0)]
    [XmlElement(Form = XmlSchemaForm.Unqualified)]
    public userVO arg0;

    [MessageBodyMember(Namespace = Lpw.Namespace, Order = 1)]
    [XmlElement(Form = XmlSchemaForm.Unqualified)]
    public adrListVO arg1;
}

[MessageContract]
public abstract class Response
{
    [MessageBodyMember(Namespace = Lpw.Namespace, Order = 0)]
    [XmlElement(Form = XmlSchemaForm.Unqualified)]
    public adrListVO @return;
}
