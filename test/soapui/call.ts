/** As SoapUI sends a request of a SOAP 1.1 binding without a SOAPAction; gives the answer's body. */
export async function call(url: string | URL, request: string): Promise<string> {
  const headers = { "Content-Type": "text/xml;charset=UTF-8", SOAPAction: '""' };
  const response = await fetch(url, { method: "POST", headers, body: request });
  return response.text();
}
