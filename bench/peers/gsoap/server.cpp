/*
 * gSOAP's generated service class in C++ with SQLite: a thread for each connection, with its own copy of the context
 * and of the prepared statements. No rights, no audit log. Usage: server GENERATION PORT SQL-FOLDER
 */
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <netinet/tcp.h>
#include <signal.h>
#include <sqlite3.h>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "AdresslistaFacadeClientServiceSoapBinding.nsmap"
#include "soapAdresslistaFacadeClientServiceSoapBindingService.h"

namespace {

const int MAX_REQUESTS_ON_A_CONNECTION = 1000000000;
std::string generation, sqlFolder;

[[noreturn]] void fail(const std::string &what) {
  std::cerr << what << "\n";
  std::exit(1);
}

/** A prepared statement whose columns are members of a generated class, by their names. */
template <class Row> class Query {
public:
  typedef std::pair<const char *, std::string *Row::*> Member;

  Query(sqlite3 *database, const char *name, const std::vector<Member> &members) {
    std::ifstream file(sqlFolder + "/" + name + ".sql");
    std::stringstream sql;
    sql << file.rdbuf();
    if (sqlite3_prepare_v2(database, sql.str().c_str(), -1, &statement, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
    for (int column = 0; column < sqlite3_column_count(statement); column++)
      for (const Member &member : members)
        if (sqlite3_column_name(statement, column) == std::string(member.first)) columns.push_back(member.second);
    if ((int)columns.size() != sqlite3_column_count(statement)) fail(std::string(name) + ": a column has no member");
  }
  ~Query() { sqlite3_finalize(statement); }

  void bind(int place, const std::string &value) {
    sqlite3_bind_text(statement, place, value.data(), (int)value.size(), SQLITE_TRANSIENT);
  }
  bool next() {
    if (sqlite3_step(statement) == SQLITE_ROW) return true;
    sqlite3_reset(statement);
    return false;
  }
  void read(struct soap *soap, Row *row) {
    for (size_t column = 0; column < columns.size(); column++) {
      const char *text = (const char *)sqlite3_column_text(statement, (int)column);
      if (text == NULL) continue;
      std::string *value = soap_new_std__string(soap);
      value->assign(text, (size_t)sqlite3_column_bytes(statement, (int)column));
      row->*columns[column] = value;
    }
  }

private:
  sqlite3_stmt *statement;
  std::vector<std::string *Row::*> columns;
};

#define MEMBER(type, name) {#name, &type::name}

const std::vector<Query<t04__personVO>::Member> PERSON = {
    MEMBER(t04__personVO, pnr),     MEMBER(t04__personVO, sekel),   MEMBER(t04__personVO, enamn),
    MEMBER(t04__personVO, tnamn),   MEMBER(t04__personVO, fcoadr),  MEMBER(t04__personVO, fgatadr),
    MEMBER(t04__personVO, fpostnr), MEMBER(t04__personVO, fort),    MEMBER(t04__personVO, fland),
    MEMBER(t04__personVO, tcoadr),  MEMBER(t04__personVO, tgatadr), MEMBER(t04__personVO, tpostnr),
    MEMBER(t04__personVO, tort),    MEMBER(t04__personVO, tland),   MEMBER(t04__personVO, fromdat),
    MEMBER(t04__personVO, tomdat),  MEMBER(t04__personVO, emailadr), MEMBER(t04__personVO, sms),
    MEMBER(t04__personVO, telnr)};

const std::vector<Query<t04__kursInfoVO>::Member> KURS = {
    MEMBER(t04__kursInfoVO, Kurskod),     MEMBER(t04__kursInfoVO, Benamning), MEMBER(t04__kursInfoVO, EngBenamning),
    MEMBER(t04__kursInfoVO, Institution), MEMBER(t04__kursInfoVO, Poang),     MEMBER(t04__kursInfoVO, Nedlagd)};

struct Database {
  sqlite3 *handle;
  Database() {
    if (sqlite3_open_v2(generation.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
      fail("cannot open the store");
    sqlite3_exec(handle, "PRAGMA cache_size = -32768", NULL, NULL, NULL);
  }
  ~Database() { sqlite3_close(handle); }
};

class Service : public AdresslistaFacadeClientServiceSoapBindingService {
public:
  explicit Service(struct soap *soap)
      : AdresslistaFacadeClientServiceSoapBindingService(soap), persons(database.handle, "persons", PERSON),
        courses(database.handle, "courses", KURS) {}

  AdresslistaFacadeClientServiceSoapBindingService *copy() { return NULL; }
  int getKurs(_t04__getKurs *, _t04__getKursResponse &) { return SOAP_NO_METHOD; }
  int getKursTf(_t04__getKursTf *, _t04__getKursTfResponse &) { return SOAP_NO_METHOD; }

  int getAdrLista(_t04__getAdrLista *request, _t04__getAdrListaResponse &response) {
    if (request->arg1 == NULL || request->arg1->KursTfVO.empty()) return soap_sender_fault(soap, "no occasion", NULL);
    const t04__kursTfVO &occasion = *request->arg1->KursTfVO.front();
    if (!occasion.Kurskod || !occasion.Starttermin || !occasion.Anmkod) return soap_sender_fault(soap, "no key", NULL);
    std::string kurskey = *occasion.Kurskod;
    for (char &c : kurskey) c = (char)std::toupper((unsigned char)c);
    t04__adrListVO *list = soap_new_t04__adrListVO(soap);
    courses.bind(1, kurskey);
    while (courses.next()) {
      t04__kursInfoVO *kurs = soap_new_t04__kursInfoVO(soap);
      courses.read(soap, kurs);
      list->KursInfoVO.push_back(kurs);
    }
    persons.bind(1, kurskey);
    persons.bind(2, "20" + *occasion.Starttermin);
    persons.bind(3, *occasion.Anmkod);
    while (persons.next()) {
      t04__adrListEntVO *entry = soap_new_t04__adrListEntVO(soap);
      t04__personVO *person = soap_new_t04__personVO(soap);
      persons.read(soap, person);
      person->gallrad = truth(false);
      entry->Regtyp = soap_new_std__string(soap);
      *entry->Regtyp = "FFG";
      entry->PersonVO.push_back(person);
      list->AdrListEntVO.push_back(entry);
    }
    list->Email = truth(false);
    list->FFG = truth(false);
    list->FO = truth(false);
    list->OM = truth(false);
    list->valid = truth(true);
    response.return_ = list;
    return SOAP_OK;
  }

private:
  Database database;
  Query<t04__personVO> persons;
  Query<t04__kursInfoVO> courses;

  bool *truth(bool value) {
    bool *place = soap_new_bool(soap);
    *place = value;
    return place;
  }
};

/** After each call: the generated serve() frees nothing before the connection ends. */
int freeCall(struct soap *soap) {
  soap_destroy(soap);
  soap_end(soap);
  return SOAP_OK;
}

void serveConnection(struct soap *soap) {
  {
    Service service(soap);
    service.serve();
    service.destroy();
  }
  soap_free(soap);
}

} // namespace

int main(int count, char **arguments) {
  if (count != 4) fail("usage: server GENERATION PORT SQL-FOLDER");
  generation = arguments[1];
  sqlFolder = arguments[3];
  signal(SIGPIPE, SIG_IGN);
  struct soap *listener = soap_new2(SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING | SOAP_XML_TREE, SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING | SOAP_XML_TREE | SOAP_IO_STORE);
  soap_set_namespaces(listener, namespaces);
  listener->bind_flags = SO_REUSEADDR;
  listener->tcp_keep_alive = 1;
  listener->max_keep_alive = MAX_REQUESTS_ON_A_CONNECTION;
  listener->fserveloop = freeCall;
  if (!soap_valid_socket(soap_bind(listener, "127.0.0.1", std::atoi(arguments[2]), 128))) fail("cannot listen");
  for (;;) {
    if (!soap_valid_socket(soap_accept(listener))) continue;
    int on = 1;
    setsockopt(listener->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serveConnection, soap_copy(listener)).detach();
  }
}
