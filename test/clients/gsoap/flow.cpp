// T04's flow, and lists of UtilityFetcher, with gSOAP's stubs from the served WSDLs.
#include <cstdlib>
#include <deque>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "AdresslistaFacadeClientServiceSoapBinding.nsmap"
#include "soapAdresslistaFacadeClientServiceSoapBindingProxy.h"
#include "soapUtilityFacadeClientServiceSoapBindingProxy.h"

typedef std::vector<std::string> Strings;

// ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Which SOAP the stubs speak, from the port that they were made of. */
const bool isSoap12 = std::string(namespaces[0].ns) == "http://www.w3.org/2003/05/soap-envelope";
int checks = 0;
/** The client's settings that the checks are made under. */
std::string manner;

std::string shown(const std::string &value) { return "'" + value + "'"; }
std::string shown(bool value) { return value ? "true" : "false"; }
std::string shown(size_t value) { return std::to_string(value); }
std::string shown(const Strings &values) {
  std::string joined;
  for (const std::string &value : values) joined += shown(value) + " ";
  return joined;
}

[[noreturn]] void fail(const std::string &what, const std::string &expected, const std::string &got) {
  std::cout << "gsoap, SOAP " << (isSoap12 ? "1.2, " : "1.1, ") << manner << ": " << what << "\n  expected: " << expected << "\n  got:      " << got << "\n";
  std::exit(1);
}

template <class T> void same(const std::string &what, const T &expected, const T &got) {
  checks++;
  if (!(expected == got)) fail(what, shown(expected), shown(got));
}

/** For what the schema lets be absent: nothing is another answer than an empty or false one. */
template <class T> void same(const std::string &what, const T &expected, const T *got) {
  if (got == NULL) fail(what, shown(expected), "nothing");
  same(what, expected, *got);
}

void absent(const std::string &what, const std::string *got) {
  checks++;
  if (got != NULL) fail(what, "nothing", shown(*got));
}

// ── What the answers must be ────────────────────────────────────────────────────────────────────────────────────

std::string given(const char *name) {
  const char *value = std::getenv(name);
  if (value == NULL) fail(name, "a value in the environment", "nothing");
  return value;
}

Strings givenList(const char *name) {
  Strings values;
  std::stringstream joined(given(name) + "|");
  for (std::string value; std::getline(joined, value, '|');) values.push_back(value);
  return values;
}

// ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Keeps texts for gSOAP's classes, whose members are pointers. */
std::string *text(const std::string &value) {
  static std::deque<std::string> kept;
  kept.push_back(value);
  return &kept.back();
}

/** A userVO of either service: classes of two namespaces in the same shape. */
template <class User, class AuthInfo, class Ticket> struct Identity {
  User user;
  AuthInfo authinfo;
  Ticket ticket;

  explicit Identity(const std::string &secret) {
    ticket.ticket = text(secret);
    authinfo.caller = text(given("PORTAL_CALLER"));
    authinfo.ticket = &ticket;
    user.authinfovo = &authinfo;
    user.uid = text(given("PORTAL_UID"));
    user.type = text("2");
  }
};

/** Calls by a stub; a fault, or an answer that gSOAP cannot read, is the end. */
template <class Proxy, class Request, class Response>
void succeed(const char *what, Proxy &service, int (Proxy::*operation)(Request *, Response &), Request &request,
             Response &response) {
  checks++;
  if ((service.*operation)(&request, response) == SOAP_OK) return;
  char told[2000];
  fail(what, "an answer", service.soap_sprint_fault(told, sizeof told));
}

class Adresslista : public AdresslistaFacadeClientServiceSoapBindingProxy {
public:
  typedef AdresslistaFacadeClientServiceSoapBindingProxy Proxy;
  typedef Identity<t04__userVO, t04__authInfoVO, t04__ticketVO> Who;

  Adresslista(const std::string &url, soap_mode mode) : Proxy(text(url)->c_str(), mode) {}

  t04__adrListVO &kurs(t04__adrListVO &list, const std::string &secret = given("PORTAL_TICKET")) {
    return *ask<_t04__getKurs, _t04__getKursResponse>("getKurs", &Proxy::getKurs, list, secret);
  }
  t04__adrListVO &kursTf(t04__adrListVO &list) {
    return *ask<_t04__getKursTf, _t04__getKursTfResponse>("getKursTf", &Proxy::getKursTf, list);
  }
  t04__adrListVO &adrLista(t04__adrListVO &list) {
    return *ask<_t04__getAdrLista, _t04__getAdrListaResponse>("getAdrLista", &Proxy::getAdrLista, list);
  }

private:
  template <class Request, class Response>
  t04__adrListVO *ask(const char *what, int (Proxy::*operation)(Request *, Response &), t04__adrListVO &list,
                      const std::string &secret = given("PORTAL_TICKET")) {
    Who who(secret);
    Request request;
    request.arg0 = &who.user;
    request.arg1 = &list;
    Response response;
    succeed<Proxy>(what, *this, operation, request, response);
    if (response.return_ == NULL) fail(what, "an adrListVO", "nothing");
    return response.return_;
  }
};

// ── The flow ────────────────────────────────────────────────────────────────────────────────────────────────────

Strings codesOf(const t04__adrListVO &answer) {
  Strings codes;
  for (const t04__kursInfoVO *kurs : answer.KursInfoVO) codes.push_back(kurs->Kurskod ? *kurs->Kurskod : "");
  return codes;
}

const t04__kursInfoVO &theCourse(const t04__adrListVO &answer) {
  for (const t04__kursInfoVO *kurs : answer.KursInfoVO) {
    if (kurs->Kurskod && *kurs->Kurskod == given("FACT_KURSKOD")) return *kurs;
  }
  fail("the course of the flow", given("FACT_KURSKOD"), "nothing");
}

void valid(const char *what, const t04__adrListVO &answer) { same(std::string(what) + ": valid", true, answer.valid); }

/** An answer that says what is wrong: valid=false, one message, no data. */
void refused(const char *what, const t04__adrListVO &answer, const char *key, const Strings &values) {
  const std::string name(what);
  same(name + ": valid", false, answer.valid);
  same(name + ": messages", size_t(1), answer.messages.size());
  const t04__message &message = *answer.messages[0];
  same(name + ": key", std::string(key), message.key);
  same(name + ": level", std::string("ERROR"), message.level);
  same(name + ": values", values, message.values);
  same(name + ": courses", size_t(0), answer.KursInfoVO.size());
}

/** Step 1: the courses of the institution in the term. */
t04__kursInfoVO courses(Adresslista &service) {
  t04__adrListVO asked;
  asked.Institution = text(given("FACT_INSTITUTION"));
  asked.Termin = text(given("FACT_TERMIN"));
  const t04__adrListVO &answer = service.kurs(asked);
  valid("getKurs", answer);
  same("getKurs: messages", size_t(0), answer.messages.size());
  same("getKurs: Kurskod", givenList("FACT_KURSKODER"), codesOf(answer));
  const t04__kursInfoVO &kurs = theCourse(answer);
  same("getKurs: Benamning", given("FACT_BENAMNING"), kurs.Benamning);
  same("getKurs: Institution", given("FACT_INSTITUTION"), kurs.Institution);
  absent("getKurs: EngBenamning", kurs.EngBenamning);
  absent("getKurs: Institution of the request", answer.Institution);
  same("getKurs: NoEmailList", size_t(0), answer.NoEmailList.size());
  same("getKurs: Email", false, answer.Email);
  return kurs;
}

/** Step 2: the occasions of the course; the course that is sent along comes back as it is. */
const t04__adrListVO &occasions(Adresslista &service, const t04__kursInfoVO &kurs) {
  t04__kursInfoVO sent(kurs);
  t04__adrListVO asked;
  asked.Kurskod = text(given("FACT_KURSKOD"));
  asked.Termin = text(given("FACT_TERMIN"));
  asked.KursInfoVO.push_back(&sent);
  const t04__adrListVO &answer = service.kursTf(asked);
  valid("getKursTf", answer);
  Strings kinds;
  for (const t04__kursTfVO *occasion : answer.KursTfVO) kinds.push_back(*occasion->typ);
  same("getKursTf: typ", givenList("FACT_TYPER"), kinds);
  same("getKursTf: Benamning as sent", given("FACT_BENAMNING"), theCourse(answer).Benamning);
  return answer;
}

t04__kursTfVO *firstFfg(const t04__adrListVO &answer) {
  for (t04__kursTfVO *occasion : answer.KursTfVO) {
    if (*occasion->typ == "FFG") return occasion;
  }
  fail("getKursTf", "an FFG occasion", "nothing");
}

/** Step 3: the participants of the occasion that was received. */
void participants(Adresslista &service, t04__kursTfVO *occasion) {
  bool wanted = true;
  t04__adrListVO asked;
  asked.KursTfVO.push_back(occasion);
  asked.Email = &wanted;
  same("getKursTf: Anmkod", given("FACT_ANMKOD"), occasion->Anmkod);
  const t04__adrListVO &answer = service.adrLista(asked);
  valid("getAdrLista", answer);
  same("getAdrLista: Email", true, answer.Email);
  same("getAdrLista: FFG", false, answer.FFG);
  same("getAdrLista: persons", given("FACT_PERSONER"), std::to_string(answer.AdrListEntVO.size()));
  Strings surnames, firstNames, numbers;
  for (const t04__adrListEntVO *entry : answer.AdrListEntVO) {
    same("getAdrLista: Regtyp", std::string("FFG"), entry->Regtyp);
    same("getAdrLista: PersonVO of an entry", size_t(1), entry->PersonVO.size());
    const t04__personVO &person = *entry->PersonVO[0];
    surnames.push_back(person.enamn ? *person.enamn : "");
    firstNames.push_back(person.tnamn ? *person.tnamn : "");
    numbers.push_back(person.pnr ? *person.pnr : "");
    same("getAdrLista: gallrad", false, person.gallrad);
  }
  same("getAdrLista: enamn", givenList("FACT_EFTERNAMN"), surnames);
  same("getAdrLista: tnamn", givenList("FACT_FORNAMN"), firstNames);
  same("getAdrLista: pnr", givenList("FACT_PERSONNUMMER"), numbers);
  same("getAdrLista: EmailList", givenList("FACT_EMAIL"), answer.EmailList);
  same("getAdrLista: NoEmailList", givenList("FACT_NOEMAIL"), answer.NoEmailList);
  Strings incorrect;
  for (const t04__message *message : answer.messages) {
    same("getAdrLista: key", std::string("adresslista.containsinvalidssn"), message->key);
    same("getAdrLista: level", std::string("INFO"), message->level);
    same("getAdrLista: values of a message", size_t(1), message->values.size());
    same("getAdrLista: log", "Felaktigt personnummer, " + message->values[0], message->log);
    incorrect.push_back(message->values[0]);
  }
  same("getAdrLista: incorrect numbers", givenList("FACT_OGILTIGA"), incorrect);
}

/** Step 4: lists of one are lists. */
void listsOfOne(Adresslista &service) {
  t04__adrListVO asked;
  asked.Kurskod = text(given("FACT_ENSAM_KURSKOD"));
  asked.Termin = text(given("FACT_TERMIN"));
  const t04__adrListVO &course = service.kursTf(asked);
  valid("getKursTf of one occasion", course);
  same("getKursTf of one occasion: occasions", size_t(1), course.KursTfVO.size());
  same("getKursTf of one occasion: courses", size_t(1), course.KursInfoVO.size());
  t04__adrListVO whose;
  whose.KursTfVO = course.KursTfVO;
  const t04__adrListVO &answer = service.adrLista(whose);
  valid("getAdrLista of one person", answer);
  same("getAdrLista of one person: persons", size_t(1), answer.AdrListEntVO.size());
  same("getAdrLista of one person: enamn", given("FACT_ENSAM_EFTERNAMN"), answer.AdrListEntVO[0]->PersonVO[0]->enamn);
}

/** Steps 5 and 6: nothing, and what is wrong with a call. */
void emptyAndRefused(Adresslista &service) {
  t04__adrListVO none;
  none.Institution = text(given("FACT_TOM_INSTITUTION"));
  none.Termin = text(given("FACT_TERMIN"));
  const t04__adrListVO &empty = service.kurs(none);
  valid("getKurs without courses", empty);
  same("getKurs without courses: courses", size_t(0), empty.KursInfoVO.size());
  same("getKurs without courses: messages", size_t(0), empty.messages.size());

  t04__adrListVO incomplete;
  incomplete.Termin = text(given("FACT_TERMIN"));
  refused("getKurs without Institution", service.kurs(incomplete), "general.missingparameter",
          Strings(1, "Institution"));
  t04__adrListVO asked;
  asked.Institution = text(given("FACT_INSTITUTION"));
  const t04__adrListVO &stranger = service.kurs(asked, "not-" + given("PORTAL_TICKET"));
  refused("getKurs with a wrong ticket", stranger, "auth.failed", stranger.messages[0]->values);
}

/** Step 7: a call that this service has not, made as portals make it by mistake: at the other service's address. */
void fault(Adresslista &elsewhere, const std::string &faultcode) {
  _t04__getKurs request;
  _t04__getKursResponse response;
  const int result = elsewhere.getKurs(&request, response);
  same("a call that the service has not: result", std::to_string(SOAP_FAULT), std::to_string(result));
  same("a call that the service has not: faultcode", faultcode, std::string(*soap_faultcode(elsewhere.soap)));
  const std::string reason = elsewhere.soap_fault_string();
  same("a call that the service has not: faultstring begins", std::string("The operation is none of "),
       reason.substr(0, 25));
  same("a call that the service has not: detail", true, elsewhere.soap_fault_detail() == NULL);
}

/** gSOAP's settings, and what this client calls them together. */
struct Manner {
  const char *name;
  soap_mode mode;
  const char *httpVersion;
};

void flow(const Manner &as) {
  manner = as.name;
  Adresslista service(given("T04_URL"), as.mode);
  service.soap->http_version = as.httpVersion;
  const t04__kursInfoVO kurs = courses(service);
  participants(service, firstFfg(occasions(service, kurs)));
  listsOfOne(service);
  emptyAndRefused(service);
  Adresslista elsewhere(given("UTILITY_URL"), as.mode);
  elsewhere.soap->http_version = as.httpVersion;
  const char *faultcode = isSoap12 ? "SOAP-ENV:Sender" : "SOAP-ENV:Client";
  fault(elsewhere, faultcode);
  // Also where the connection of the first fault is kept.
  fault(elsewhere, faultcode);
}

// ── Strings in ISO-8859-1 ───────────────────────────────────────────────────────────────────────────────────────

/** gSOAP's strings are ISO-8859-1 unless told otherwise; the wire is UTF-8 all the same. */
std::string latin1(const std::string &utf8) {
  std::string bytes;
  for (size_t at = 0; at < utf8.size(); at++) {
    const unsigned char byte = static_cast<unsigned char>(utf8[at]);
    if (byte < 0x80) bytes += utf8[at];
    else bytes += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(utf8[++at]) & 0x3f));
  }
  return bytes;
}

void latin1Strings() {
  manner = "strings in ISO-8859-1";
  Adresslista service(given("T04_URL"), SOAP_XML_STRICT);
  t04__adrListVO asked;
  asked.Kurskod = text(latin1(given("FACT_KURSKOD")));
  asked.Termin = text(given("FACT_TERMIN"));
  const t04__adrListVO &answer = service.kursTf(asked);
  valid("getKursTf", answer);
  same("getKursTf: courses", size_t(1), answer.KursInfoVO.size());
  same("getKursTf: Kurskod", latin1(given("FACT_KURSKOD")), answer.KursInfoVO[0]->Kurskod);
  same("getKursTf: Benamning", latin1(given("FACT_BENAMNING")), answer.KursInfoVO[0]->Benamning);
  t04__adrListVO whose;
  whose.KursTfVO.push_back(firstFfg(answer));
  const t04__adrListVO &listed = service.adrLista(whose);
  same("getAdrLista: persons", given("FACT_PERSONER"), std::to_string(listed.AdrListEntVO.size()));
  const Strings surnames = givenList("FACT_EFTERNAMN");
  for (size_t at = 0; at < surnames.size(); at++) {
    same("getAdrLista: enamn", latin1(surnames[at]), listed.AdrListEntVO[at]->PersonVO[0]->enamn);
  }
}

// ── UtilityFetcher ──────────────────────────────────────────────────────────────────────────────────────────────

void utility() {
  manner = "UtilityFetcher";
  typedef UtilityFacadeClientServiceSoapBindingProxy Utility;
  const std::string url = given("UTILITY_URL");
  Utility service(url.c_str(), SOAP_C_UTFSTRING | SOAP_XML_STRICT | SOAP_IO_KEEPALIVE);
  Identity<t22__userVO, t22__authInfoVO, t22__ticketVO> who(given("PORTAL_TICKET"));

  _t22__getInstitutionByKod byCode;
  byCode.arg0 = &who.user;
  byCode.arg1 = text(given("FACT_INSTITUTION"));
  _t22__getInstitutionByKodResponse institution;
  succeed("getInstitutionByKod", service, &Utility::getInstitutionByKod, byCode, institution);
  same("getInstitutionByKod: kod", given("FACT_INSTITUTION"), institution.return_->kod);
  same("getInstitutionByKod: benamn", given("FACT_INSTITUTION_BENAMN"), institution.return_->benamn);
  same("getInstitutionByKod: valid", true, institution.return_->valid);

  _t22__findAllInstitutions all;
  all.arg0 = &who.user;
  _t22__findAllInstitutionsResponse institutions;
  succeed("findAllInstitutions", service, &Utility::findAllInstitutions, all, institutions);
  size_t found = 0;
  for (const t22__utilityInstitutionVO *each : institutions.return_) found += *each->kod == *byCode.arg1;
  same("findAllInstitutions: the institution stands", size_t(1), found);

  _t22__getKursByKod byKurskod;
  byKurskod.arg0 = &who.user;
  byKurskod.arg1 = text(given("FACT_KURSKOD"));
  _t22__getKursByKodResponse kurs;
  succeed("getKursByKod", service, &Utility::getKursByKod, byKurskod, kurs);
  same("getKursByKod: benamns", given("FACT_BENAMNING"), kurs.return_->benamns);
  absent("getKursByKod: ectsp", kurs.return_->ectsp);
  same("getKursByKod: valid", true, kurs.return_->valid);
}

int main() {
  const soap_mode strict = SOAP_C_UTFSTRING | SOAP_XML_STRICT;
  const Manner manners[] = {
      {"as gSOAP does by itself", strict, "1.1"},
      {"one connection", strict | SOAP_IO_KEEPALIVE, "1.1"},
      {"requests in chunks", strict | SOAP_IO_CHUNK, "1.1"},
      {"requests in gzip", strict | SOAP_ENC_ZLIB, "1.1"},
      {"HTTP/1.0", strict, "1.0"},
  };
  for (const Manner &each : manners) flow(each);
  latin1Strings();
  utility();
  std::cout << checks << "\n";
}
