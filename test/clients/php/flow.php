<?php
// T04's flow with PHP's SoapClient, from the served WSDL: institution and term, course, occasions, participants.
ini_set('soap.wsdl_cache_enabled', '0');
[, $url, $institution, $termin] = $argv;

function check($claim, string $what): void {
    if (!$claim) {
        fwrite(STDERR, "php: $what\n");
        exit(1);
    }
}

$client = new SoapClient("$url?wsdl", ['features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'exceptions' => true]);
$user = ['uid' => 'larare1', 'type' => '2', 'authinfovo' => ['caller' => 'demo', 'ticket' => ['ticket' => 'demo']]];
$call = fn (string $operation, array $list) => $client->$operation(['arg0' => $user, 'arg1' => $list])->return;

$kurser = $call('getKurs', ['Institution' => $institution, 'Termin' => $termin]);
check($kurser->valid === true, 'getKurs is not valid');
check(count($kurser->KursInfoVO) > 1, 'getKurs gives no courses');

$listed = 0;
$swedishLetters = false;
foreach ($kurser->KursInfoVO as $kurs) {
    $tillfallen = $call('getKursTf', ['Kurskod' => $kurs->Kurskod, 'Termin' => $termin]);
    check($tillfallen->valid === true, 'getKursTf is not valid');
    check($tillfallen->KursInfoVO[0]->Kurskod === $kurs->Kurskod, 'getKursTf does not tell its course');
    if (!isset($tillfallen->KursTfVO)) {
        continue;
    }
    $lista = $call('getAdrLista', ['KursTfVO' => $tillfallen->KursTfVO, 'Email' => true, 'OM' => true]);
    check($lista->valid === true, 'getAdrLista is not valid');
    check($lista->Email === true && $lista->OM === true && $lista->FO === false, 'booleans are not returned');
    foreach ($lista->AdrListEntVO ?? [] as $entry) {
        $listed++;
        check(in_array($entry->Regtyp, ['FFG', 'FO', 'OM'], true), 'a Regtyp is unknown');
        check(count($entry->PersonVO) === 1, 'an entry has not exactly one person');
        check(strlen($entry->PersonVO[0]->pnr) === 10, 'a personnummer has not ten characters');
        $swedishLetters = $swedishLetters || preg_match('/[åäö]/u', $entry->PersonVO[0]->enamn ?? '') === 1;
    }
}
check($listed > 50, 'the flow finds hardly anyone');
check($swedishLetters, 'no surname has å, ä or ö');

$refused = $call('getKurs', ['Termin' => $termin]);
check($refused->valid === false, 'a missing Institution is valid');
check($refused->messages[0]->key === 'general.missingparameter', 'a missing Institution gets another message');

try {
    $client->__doRequest('<broken', $url, '', SOAP_1_1);
    $client->__soapCall('getKurs', [['arg0' => $user, 'arg1' => []]], null, new SoapHeader('urn:x', 'mustKnow', 'x', true));
    check(false, 'a header that must be understood gets no fault');
} catch (SoapFault $fault) {
    check(str_contains($fault->faultcode, 'MustUnderstand'), 'a header that must be understood gets another fault');
}
echo 'php ', PHP_VERSION, ' listed ', $listed, "\n";
