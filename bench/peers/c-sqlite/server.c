/*
 * The join without any SOAP stack: one thread, epoll, no XML parser, SQL whose rows are written straight into the answer.
 * No rights, no audit log. Usage: server GENERATION PORT SQL-FOLDER
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { REQUEST_BYTES = 64 * 1024, CONNECTIONS = 1024, EVENTS = 64, FIELD_BYTES = 64 };

struct text {
  char *bytes;
  size_t length, room;
};

struct connection {
  char request[REQUEST_BYTES];
  size_t length;
};

static struct connection *connections[CONNECTIONS];
static sqlite3_stmt *persons, *courses;
/* Names of the person's elements in the schema's order, and the column of each; -1 is gallrad. */
static const char *const PERSON_ELEMENTS[] = {"emailadr", "enamn",  "fcoadr", "fgatadr", "fland",   "fort",  "fpostnr",
                                              "fromdat",  "gallrad", "pnr",   "sekel",   "sms",     "tcoadr", "telnr",
                                              "tgatadr",  "tland",   "tnamn", "tomdat",  "tort",    "tpostnr"};
enum { PERSON_FIELDS = sizeof PERSON_ELEMENTS / sizeof *PERSON_ELEMENTS };
static int person_columns[PERSON_FIELDS];

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void add(struct text *out, const char *bytes, size_t length) {
  if (out->length + length > out->room) {
    out->room = (out->length + length) * 2;
    out->bytes = realloc(out->bytes, out->room);
    if (out->bytes == NULL) fail("no memory");
  }
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static void add_string(struct text *out, const char *string) { add(out, string, strlen(string)); }

static void add_escaped(struct text *out, const char *string) {
  for (;;) {
    size_t plain = strcspn(string, "&<>");
    add(out, string, plain);
    if (string[plain] == 0) return;
    add_string(out, string[plain] == '&' ? "&amp;" : string[plain] == '<' ? "&lt;" : "&gt;");
    string += plain + 1;
  }
}

static void add_element(struct text *out, const char *name, const char *value) {
  if (value == NULL || *value == 0) return;
  add(out, "<", 1);
  add_string(out, name);
  add(out, ">", 1);
  add_escaped(out, value);
  add(out, "</", 2);
  add_string(out, name);
  add(out, ">", 1);
}

/* The text of the first element with that name. */
static void field(const char *request, const char *name, char *value) {
  char tag[FIELD_BYTES];
  snprintf(tag, sizeof tag, "<%s>", name);
  *value = 0;
  const char *start = strstr(request, tag);
  if (start == NULL) return;
  start += strlen(tag);
  size_t length = strcspn(start, "<");
  if (length >= FIELD_BYTES) return;
  memcpy(value, start, length);
  value[length] = 0;
}

static void answer(const char *request, struct text *out) {
  char kurskod[FIELD_BYTES], starttermin[FIELD_BYTES], anmkod[FIELD_BYTES], termin[FIELD_BYTES + 2] = "20";
  field(request, "Kurskod", kurskod);
  field(request, "Starttermin", starttermin);
  field(request, "Anmkod", anmkod);
  for (char *c = kurskod; *c; c++) *c = (char)toupper((unsigned char)*c);
  strcat(termin, starttermin);

  add_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>"
                  "<ns2:getAdrListaResponse xmlns:ns2=\"http://facadeclient.adresslista.service.lpw.ladok/\"><return>");
  sqlite3_bind_text(courses, 1, kurskod, -1, SQLITE_STATIC);
  while (sqlite3_step(courses) == SQLITE_ROW) {
    add_string(out, "<KursInfoVO>");
    for (int column = 0; column < sqlite3_column_count(courses); column++)
      add_element(out, sqlite3_column_name(courses, column), (const char *)sqlite3_column_text(courses, column));
    add_string(out, "</KursInfoVO>");
  }
  sqlite3_reset(courses);
  add_string(out, "<Email>false</Email><FFG>false</FFG><FO>false</FO><OM>false</OM>");
  sqlite3_bind_text(persons, 1, kurskod, -1, SQLITE_STATIC);
  sqlite3_bind_text(persons, 2, termin, -1, SQLITE_STATIC);
  sqlite3_bind_text(persons, 3, anmkod, -1, SQLITE_STATIC);
  while (sqlite3_step(persons) == SQLITE_ROW) {
    add_string(out, "<AdrListEntVO><Regtyp>FFG</Regtyp><PersonVO>");
    for (int at = 0; at < PERSON_FIELDS; at++) {
      int column = person_columns[at];
      add_element(out, PERSON_ELEMENTS[at],
                  column < 0 ? "false" : (const char *)sqlite3_column_text(persons, column));
    }
    add_string(out, "</PersonVO></AdrListEntVO>");
  }
  sqlite3_reset(persons);
  add_string(out, "<valid>true</valid></return></ns2:getAdrListaResponse></soap:Body></soap:Envelope>");
}

/* Bytes of the first whole request, 0 when there is none yet. */
static size_t whole_request(const struct connection *connection) {
  const char *end = strstr(connection->request, "\r\n\r\n");
  if (end == NULL) return 0;
  size_t body = 0;
  for (const char *line = connection->request; line < end; line = strstr(line, "\r\n") + 2)
    if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
  size_t all = (size_t)(end + 4 - connection->request) + body;
  return all <= connection->length ? all : 0;
}

static int send_all(int socket, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = write(socket, bytes, length);
    if (sent <= 0) return -1;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}

/* Reads what there is and answers whole requests; -1 when the connection is to be closed. */
static int serve(int socket, struct connection *connection, struct text *out) {
  ssize_t got = read(socket, connection->request + connection->length, REQUEST_BYTES - 1 - connection->length);
  if (got <= 0) return -1;
  connection->length += (size_t)got;
  connection->request[connection->length] = 0;
  for (size_t all; (all = whole_request(connection)) > 0;) {
    char after = connection->request[all], head[128];
    connection->request[all] = 0;
    out->length = 0;
    answer(connection->request, out);
    connection->request[all] = after;
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %zu\r\n\r\n", out->length);
    if (send_all(socket, head, (size_t)length) < 0 || send_all(socket, out->bytes, out->length) < 0) return -1;
    connection->length -= all;
    memmove(connection->request, connection->request + all, connection->length + 1);
  }
  return connection->length < REQUEST_BYTES - 1 ? 0 : -1;
}

static sqlite3_stmt *prepare(sqlite3 *database, const char *folder, const char *name) {
  char path[4096], sql[8192];
  snprintf(path, sizeof path, "%s/%s.sql", folder, name);
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  size_t length = fread(sql, 1, sizeof sql, file);
  fclose(file);
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(database, sql, (int)length, &statement, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
  return statement;
}

int main(int count, char **arguments) {
  if (count != 4) fail("usage: server GENERATION PORT SQL-FOLDER");
  signal(SIGPIPE, SIG_IGN);
  sqlite3 *database;
  if (sqlite3_open_v2(arguments[1], &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) fail("cannot open the store");
  sqlite3_exec(database, "PRAGMA cache_size = -32768", NULL, NULL, NULL);
  persons = prepare(database, arguments[3], "persons");
  courses = prepare(database, arguments[3], "courses");
  for (int at = 0; at < PERSON_FIELDS; at++) {
    person_columns[at] = -1;
    for (int column = 0; column < sqlite3_column_count(persons); column++)
      if (strcmp(sqlite3_column_name(persons, column), PERSON_ELEMENTS[at]) == 0) person_columns[at] = column;
  }

  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[2]))};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0) fail("cannot listen");

  struct text out = {0};
  int poll = epoll_create1(0);
  struct epoll_event listening = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &listening);
  for (;;) {
    int ready = epoll_wait(poll, events, EVENTS, -1);
    for (int at = 0; at < ready; at++) {
      int socket = events[at].data.fd;
      if (socket == listener) {
        int accepted = accept(listener, NULL, NULL);
        if (accepted < 0) continue;
        if (accepted >= CONNECTIONS) {
          close(accepted);
          continue;
        }
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[accepted] = calloc(1, sizeof **connections);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = accepted};
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &event);
      } else if (serve(socket, connections[socket], &out) < 0) {
        free(connections[socket]);
        connections[socket] = NULL;
        close(socket);
      }
    }
  }
}
