<?php
// T04's flow with PHP's SoapClient, from the served WSDL: institution and term, course, occasions, participants. Once
// with the client's own form of lists (one element is no list), once with lists always, once over SOAP 1.2.
ini_set('soap.wsdl_cache_enabled', '0');

$checks = 0;
function check(mixed $got, mixed $expected, string $what): void {
    global $checks;
    $checks++;
    if ($got !== $expected) {
        $show = fn ($value) => json_encode($value, JSON_UNESCAPED_UNICODE);
        fwrite(STDERR, "php: $what: expected {$show($expected)}, got {$show($got)}\n");
        exit(1);
    }
}
$fact = fn (string $name): string => getenv("FACT_$name");
$facts = fn (string $name): array => explode('|', $fact($name));
$user = [
    'uid' => getenv('PORTAL_UID'),
    'type' => '2',
    'authinfovo' => ['caller' => getenv('PORTAL_CALLER'), 'ticket' => ['ticket' => getenv('PORTAL_TICKET')]],
];
$url = getenv('T04_URL');

function flow(SoapClient $client): void {
    global $user, $fact, $facts;
    $call = fn (string $operation, array $list, ?array $by = null) =>
        $client->$operation(['arg0' => $by ?? $user, 'arg1' => $list])->return;
    $term = ['Termin' => $fact('TERMIN')];

    $kurser = $call('getKurs', ['Institution' => $fact('INSTITUTION')] + $term);
    check($kurser->valid, true, 'getKurs valid');
    check(array_column($kurser->KursInfoVO, 'Kurskod'), $facts('KURSKODER'), 'course codes');
    check(isset($kurser->NoEmailList), false, 'NoEmailList of getKurs is absent');
    [$kurs] = array_values(array_filter($kurser->KursInfoVO, fn ($k) => $k->Kurskod === $fact('KURSKOD')));
    check($kurs->Benamning, $fact('BENAMNING'), 'name of the course');
    check(isset($kurs->EngBenamning), false, 'EngBenamning is absent');

    $tillfallen = $call('getKursTf', ['Kurskod' => $fact('KURSKOD')] + $term);
    check(array_column($tillfallen->KursTfVO, 'typ'), $facts('TYPER'), 'kinds of occasions');
    check($tillfallen->KursTfVO[0]->Anmkod, $fact('ANMKOD'), 'Anmkod of the first occasion');

    $lista = $call('getAdrLista', ['KursTfVO' => [$tillfallen->KursTfVO[0]], 'Email' => true]);
    check([$lista->valid, $lista->Email, $lista->FFG], [true, true, false], 'valid, Email, FFG');
    check(count($lista->AdrListEntVO), (int) $fact('PERSONER'), 'number of persons');
    $persons = array_map(fn ($e) => is_array($e->PersonVO) ? $e->PersonVO[0] : $e->PersonVO, $lista->AdrListEntVO);
    check(array_column($persons, 'enamn'), $facts('EFTERNAMN'), 'surnames');
    check(array_column($persons, 'tnamn'), $facts('FORNAMN'), 'first names');
    check((array) $lista->EmailList, $facts('EMAIL'), 'EmailList');
    check((array) $lista->NoEmailList, $facts('NOEMAIL'), 'NoEmailList');
    check(array_unique(array_column($lista->messages, 'level')), ['INFO'], 'levels of the messages');
    check(array_unique(array_column($lista->messages, 'key')), ['adresslista.containsinvalidssn'], 'keys of the messages');
    check(array_merge(...array_map(fn ($m) => (array) $m->values, $lista->messages)), $facts('OGILTIGA'), 'incorrect numbers');
    check($lista->messages[0]->log, "Felaktigt personnummer, {$facts('OGILTIGA')[0]}", 'log of the first message');

    $asList = fn ($value): array => is_array($value) ? $value : [$value];
    $ensam = $call('getKursTf', ['Kurskod' => $fact('ENSAM_KURSKOD')] + $term);
    check(count($asList($ensam->KursTfVO)), 1, 'one occasion');
    $ensamLista = $call('getAdrLista', ['KursTfVO' => $asList($ensam->KursTfVO)]);
    check(count($asList($ensamLista->AdrListEntVO)), 1, 'one participant');
    check($asList($asList($ensamLista->AdrListEntVO)[0]->PersonVO)[0]->enamn, $fact('ENSAM_EFTERNAMN'), 'the one surname');

    $tom = $call('getKurs', ['Institution' => $fact('TOM_INSTITUTION')] + $term);
    check([$tom->valid, isset($tom->KursInfoVO), isset($tom->messages)], [true, false, false], 'no courses');

    $refused = $call('getKurs', $term);
    $message = $asList($refused->messages)[0];
    check([$refused->valid, $message->level, $message->key], [false, 'ERROR', 'general.missingparameter'], 'no Institution');
    check((array) $message->values, ['Institution'], 'what is missing');
    $wrong = $user;
    $wrong['authinfovo']['ticket']['ticket'] = 'fel';
    $unknown = $call('getKurs', ['Institution' => $fact('INSTITUTION')], $wrong);
    check([$unknown->valid, $asList($unknown->messages)[0]->key], [false, 'auth.failed'], 'wrong ticket');
}

function fault(callable $action, string $code, string $what): void {
    try {
        $action();
        check('no fault', $code, $what);
    } catch (SoapFault $fault) {
        check(preg_replace('/^.*:/', '', $fault->faultcode), $code, "$what: faultcode");
        check(preg_match('/^\w.*\w/u', $fault->getMessage()), 1, "$what: a sentence");
    }
}

$options = ['exceptions' => true];
flow(new SoapClient("$url?wsdl", $options));
flow(new SoapClient("$url?wsdl", $options + ['features' => SOAP_SINGLE_ELEMENT_ARRAYS]));
flow(new SoapClient("$url?wsdl=1.2", $options + ['soap_version' => SOAP_1_2]));
flow(new SoapClient("$url?wsdl", $options + ['compression' => SOAP_COMPRESSION_ACCEPT, 'keep_alive' => false]));

$plain = new SoapClient(null, $options + ['location' => $url, 'uri' => 'http://facadeclient.adresslista.service.lpw.ladok/']);
fault(fn () => $plain->getNothing(), 'Client', 'an operation that does not exist');
$client = new SoapClient("$url?wsdl", $options);
$header = new SoapHeader('urn:x', 'mustKnow', 'x', true);
fault(fn () => $client->__soapCall('getKurs', [['arg0' => $user]], null, $header), 'MustUnderstand', 'a header to be understood');
$client12 = new SoapClient("$url?wsdl=1.2", $options + ['soap_version' => SOAP_1_2]);
fault(fn () => $client12->__soapCall('getKurs', [['arg0' => $user]], null, $header), 'MustUnderstand', 'the same over SOAP 1.2');

$utility = new SoapClient(getenv('UTILITY_URL') . '?wsdl', $options);
$institution = $utility->getInstitutionByKod(['arg0' => $user, 'arg1' => $fact('INSTITUTION')])->return;
check([$institution->valid, $institution->benamn], [true, $fact('INSTITUTION_BENAMN')], 'UtilityFetcher: name of the institution');

echo 'ok, ', $checks, ' checks (PHP ', PHP_VERSION, ")\n";
