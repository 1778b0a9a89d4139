<?php
// T04's flow with NuSOAP in the ways that portals use it: from the served WSDL in UTF-8 and in NuSOAP's own ISO-8859-1,
// and without a WSDL, when it sends SOAP-encoded calls. HTTP is 1.0 in all of them.
require 'nusoap8.php';

const NAMESPACE_T04 = 'http://facadeclient.adresslista.service.lpw.ladok/';
const NAMESPACE_UTILITY = 'http://facadeclient.utility.service.lpw.ladok/';

$checks = 0;

function same(string $what, mixed $expected, mixed $got): void {
    global $checks;
    if ($expected !== $got) {
        $shown = fn (mixed $value) => json_encode($value, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
        echo "$what\n  expected: ", $shown($expected), "\n  got:      ", $shown($got), "\n";
        exit(1);
    }
    $checks++;
}

function fact(string $name): string {
    return getenv("FACT_$name");
}

/** NuSOAP shows a list of one as its only element, and a list of none as nothing. */
function listOf(array $object, string $name): array {
    $value = $object[$name] ?? [];
    return is_array($value) && array_is_list($value) ? $value : [$value];
}

function texts(array $objects, string $name): string {
    return implode('|', array_map(fn (array $object) => $object[$name] ?? '', $objects));
}

function user(string $ticket): array {
    return [
        'uid' => getenv('PORTAL_UID'),
        'type' => '2',
        'authinfovo' => ['caller' => getenv('PORTAL_CALLER'), 'ticket' => ['ticket' => $ticket]],
    ];
}

/** A way of using NuSOAP: its client, and what one has to give and gets beside the arguments. */
final class Way {
    public function __construct(
        public readonly string $name,
        private readonly nusoap_client $client,
        private readonly string $encoding,
        private readonly bool $isWsdl,
        private readonly string $namespace = NAMESPACE_T04,
    ) {
    }

    public function call(string $operation, array|string|null $arg1, ?string $ticket = null): mixed {
        $arguments = ['arg0' => user($ticket ?? getenv('PORTAL_TICKET'))] + ($arg1 === null ? [] : ['arg1' => $arg1]);
        $sent = converted($arguments, 'UTF-8', $this->encoding);
        $answer = converted($this->client->call($operation, $sent, $this->namespace), $this->encoding, 'UTF-8');
        same("$this->name, $operation: NuSOAP finds no error", false, $this->client->getError());
        same("$this->name, $operation: HTTP/1.0", 1, preg_match('~^POST \S+ HTTP/1\.0\r\n~', $this->client->request));
        // With a WSDL NuSOAP shows the response with its one part, without one that part alone.
        return $this->isWsdl ? $answer['return'] : $answer;
    }

    public function request(): string {
        return $this->client->request;
    }

    public function send(string $body): nusoap_client {
        $this->client->call('getKurs', $body, $this->namespace);
        return $this->client;
    }
}

/** The value with its texts in another encoding: this script is in UTF-8, a portal of that age seldom. */
function converted(mixed $value, string $from, string $to): mixed {
    if (is_array($value)) {
        return array_map(fn (mixed $one) => converted($one, $from, $to), $value);
    }
    return is_string($value) && $from !== $to ? iconv($from, $to, $value) : $value;
}

function client(string $url, bool $isWsdl, string $encoding): nusoap_client {
    $client = new nusoap_client($isWsdl ? "$url?wsdl" : $url, $isWsdl);
    // NuSOAP's own settings are ISO-8859-1 in both directions.
    if ($encoding === 'UTF-8') {
        $client->soap_defencoding = 'UTF-8';
        $client->decode_utf8 = false;
    }
    return $client;
}

function flow(Way $way): void {
    $name = $way->name;

    $kurser = $way->call('getKurs', ['Institution' => fact('INSTITUTION'), 'Termin' => fact('TERMIN')]);
    same("$name: getKurs is valid", 'true', $kurser['valid']);
    same("$name: courses", fact('KURSKODER'), texts(listOf($kurser, 'KursInfoVO'), 'Kurskod'));
    $kurs = array_values(array_filter($kurser['KursInfoVO'], fn ($one) => $one['Kurskod'] === fact('KURSKOD')))[0];
    same("$name: name of the course", fact('BENAMNING'), $kurs['Benamning']);
    same("$name: no English name", false, array_key_exists('EngBenamning', $kurs));
    same("$name: no NoEmailList in getKurs", false, array_key_exists('NoEmailList', $kurser));
    same("$name: no messages in getKurs", [], listOf($kurser, 'messages'));

    $tillfallen = $way->call('getKursTf', ['Kurskod' => $kurs['Kurskod'], 'Termin' => fact('TERMIN')]);
    same("$name: types of occasions", fact('TYPER'), texts(listOf($tillfallen, 'KursTfVO'), 'typ'));
    $tillfalle = listOf($tillfallen, 'KursTfVO')[0];
    same("$name: Anmkod of the first occasion", fact('ANMKOD'), $tillfalle['Anmkod']);

    $lista = $way->call('getAdrLista', ['KursTfVO' => [$tillfalle], 'Email' => true, 'FFG' => false]);
    same("$name: getAdrLista is valid", 'true', $lista['valid']);
    $entries = listOf($lista, 'AdrListEntVO');
    $personer = array_merge(...array_map(fn (array $entry) => listOf($entry, 'PersonVO'), $entries));
    same("$name: number of persons", (int) fact('PERSONER'), count($personer));
    same("$name: kinds of registration", ['FFG'], array_values(array_unique(array_column($entries, 'Regtyp'))));
    same("$name: surnames", fact('EFTERNAMN'), texts($personer, 'enamn'));
    same("$name: first names", fact('FORNAMN'), texts($personer, 'tnamn'));
    same("$name: addresses", fact('EMAIL'), implode('|', listOf($lista, 'EmailList')));
    same("$name: persons without address", fact('NOEMAIL'), implode('|', listOf($lista, 'NoEmailList')));
    same("$name: Email comes back true", 'true', $lista['Email']);
    same("$name: FFG comes back false", 'false', $lista['FFG']);
    $ogiltiga = explode('|', fact('OGILTIGA'));
    same("$name: incorrect numbers", fact('OGILTIGA'), texts(listOf($lista, 'messages'), 'values'));
    foreach (listOf($lista, 'messages') as $index => $message) {
        same("$name: level", 'INFO', $message['level']);
        same("$name: key", 'adresslista.containsinvalidssn', $message['key']);
        same("$name: log", "Felaktigt personnummer, $ogiltiga[$index]", $message['log']);
    }

    // The whole list of occasions, a KursTFTermregVO among them, is sent back as it was received.
    same("$name: an occasion within a programme", true, listOf($tillfallen, 'KursTFTermregVO') !== []);
    $allt = $way->call('getAdrLista', array_intersect_key($tillfallen, ['KursTfVO' => 1, 'KursTFTermregVO' => 1]));
    same("$name: all occasions are valid", 'true', $allt['valid']);
    same("$name: all occasions give more", true, count(listOf($allt, 'AdrListEntVO')) > count($personer));

    $ensam = $way->call('getKursTf', ['Kurskod' => fact('ENSAM_KURSKOD'), 'Termin' => fact('TERMIN')]);
    same("$name: one occasion", 1, count(listOf($ensam, 'KursTfVO')));
    same("$name: a list of one is its element", fact('ENSAM_KURSKOD'), $ensam['KursTfVO']['Kurskod']);
    $ensamLista = $way->call('getAdrLista', ['KursTfVO' => $ensam['KursTfVO']]);
    same("$name: one person", 1, count(listOf($ensamLista, 'AdrListEntVO')));
    same("$name: the one person", fact('ENSAM_EFTERNAMN'), $ensamLista['AdrListEntVO']['PersonVO']['enamn']);

    $tom = $way->call('getKurs', ['Institution' => fact('TOM_INSTITUTION'), 'Termin' => fact('TERMIN')]);
    same("$name: an institution without courses is valid", 'true', $tom['valid']);
    same("$name: no courses", [], listOf($tom, 'KursInfoVO'));

    refused($way, 'general.missingparameter', 'Institution', ['Termin' => fact('TERMIN')]);
    // What PHP makes of an unset form field: an empty string, which is as good as none.
    refused($way, 'general.missingparameter', 'Institution', ['Institution' => '', 'Termin' => fact('TERMIN')]);
    refused($way, 'auth.failed', null, ['Institution' => fact('INSTITUTION')], 'not the ticket');
}

function refused(Way $way, string $key, ?string $value, array $arg1, ?string $ticket = null): void {
    $answer = $way->call('getKurs', $arg1, $ticket);
    same("$way->name: $key is not valid", 'false', $answer['valid']);
    $message = listOf($answer, 'messages')[0];
    same("$way->name: level of $key", 'ERROR', $message['level']);
    same("$way->name: key", $key, $message['key']);
    same("$way->name: values of $key", $value, $message['values'] ?? null);
    same("$way->name: no data with $key", [], listOf($answer, 'KursInfoVO'));
}

function faults(string $name, nusoap_client $client): void {
    same("$name: a fault", true, $client->fault);
    same("$name: faultcode", 1, preg_match('/^([\w-]+:)?Client$/', $client->faultcode));
    same("$name: faultstring", 'The operation is none of getKurs, getKursTf, getAdrLista.', $client->faultstring);
    same("$name: error", "$client->faultcode: $client->faultstring", $client->getError());
}

$url = getenv('T04_URL');
$wsdl = new Way('WSDL, UTF-8', client($url, true, 'UTF-8'), 'UTF-8', true);
$latin = new Way('WSDL, ISO-8859-1', client($url, true, 'ISO-8859-1'), 'ISO-8859-1', true);
$encoded = new Way('without WSDL', client($url, false, 'UTF-8'), 'UTF-8', false);
$encodedLatin = new Way('without WSDL, ISO-8859-1', client($url, false, 'ISO-8859-1'), 'ISO-8859-1', false);
foreach ([$wsdl, $latin, $encoded, $encodedLatin] as $way) {
    flow($way);
}

// Ways of saying yes and no: PHP's own in a WSDL's boolean, as numbers without one, and, in a body that a portal has put
// together itself, PHP's false as an empty element.
$someOccasion = ['typ' => 'FFG', 'Kurskod' => 'X', 'Starttermin' => '091'];
foreach ([[true, 'true'], [false, 'false'], [1, 'true'], ['', 'false']] as [$given, $sent]) {
    $answer = $wsdl->call('getAdrLista', ['KursTfVO' => $someOccasion, 'OM' => $given]);
    same("OM is sent $sent", 1, preg_match("~<OM[^>]*>$sent</OM>~", $wsdl->request()));
    same("OM sent $sent comes back", $sent, $answer['OM']);
}
foreach ([[true, '1', 'true'], [false, '0', 'false']] as [$given, $sent, $back]) {
    $answer = $encoded->call('getAdrLista', ['KursTfVO' => $someOccasion, 'OM' => $given]);
    same("OM is sent $sent without WSDL", 1, preg_match("~<OM xsi:type=\"xsd:boolean\">$sent</OM>~", $encoded->request()));
    same("OM sent $sent without WSDL comes back $back", $back, $answer['OM']);
}
$arg0 = sprintf(
    '<authinfovo><caller>%s</caller><ticket><ticket>%s</ticket></ticket></authinfovo><type>2</type><uid>%s</uid>',
    getenv('PORTAL_CALLER'), getenv('PORTAL_TICKET'), getenv('PORTAL_UID')
);
$no = false;
$own = client($url, true, 'UTF-8');
$answer = $own->call(
    'getAdrLista',
    '<getAdrLista xmlns="' . NAMESPACE_T04 . "\"><arg0>$arg0</arg0><arg1><KursTfVO><typ>FFG</typ><Kurskod>X</Kurskod>" .
        "<Starttermin>091</Starttermin></KursTfVO><Email>$no</Email><OM>$no</OM></arg1></getAdrLista>"
);
same('empty booleans are sent', 1, preg_match('~<Email></Email><OM></OM>~', $own->request));
same('empty booleans are no error', false, $own->getError());
same('empty booleans are valid', 'true', $answer['return']['valid']);
same('empty booleans are false', ['false', 'false'], [$answer['return']['Email'], $answer['return']['OM']]);

faults('a fault, WSDL', $wsdl->send('<getNothing xmlns="' . NAMESPACE_T04 . '"/>'));
$nothing = client($url, false, 'UTF-8');
$nothing->call('getNothing', ['arg0' => user(getenv('PORTAL_TICKET'))], NAMESPACE_T04);
faults('a fault, without WSDL', $nothing);

$utility = getenv('UTILITY_URL');
foreach ([true, false] as $isWsdl) {
    $name = 'UtilityFetcher' . ($isWsdl ? '' : ' without WSDL');
    $way = new Way($name, client($utility, $isWsdl, 'UTF-8'), 'UTF-8', $isWsdl, NAMESPACE_UTILITY);
    $institution = $way->call('getInstitutionByKod', fact('INSTITUTION'));
    same("$way->name: code", fact('INSTITUTION'), $institution['kod']);
    same("$way->name: name", fact('INSTITUTION_BENAMN'), $institution['benamn']);
    same("$way->name: valid", 'true', $institution['valid']);
}

echo "ok, $checks checks\n";
