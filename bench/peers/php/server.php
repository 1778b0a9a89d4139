<?php
// PHP's SoapServer with SQLite over PDO: the WSDL, the connection and the compiled script are kept between calls.
// No rights, no audit log.

function connection(): PDO {
    static $connection = null;
    $connection ??= new PDO('sqlite:' . getenv('BENCH_GENERATION'), null, null, [
        PDO::ATTR_PERSISTENT => true,
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        PDO::SQLITE_ATTR_OPEN_FLAGS => PDO::SQLITE_OPEN_READONLY,
    ]);
    return $connection;
}

function rows(string $name, array $values): array {
    $statement = connection()->prepare(file_get_contents(__DIR__ . "/../$name.sql"));
    $statement->execute($values);
    return array_map(fn(array $row) => array_filter($row, fn($value) => $value !== null), $statement->fetchAll());
}

class Adresslista {
    public function getAdrLista($request) {
        $occasion = $request->arg1->KursTfVO;
        if (is_array($occasion)) $occasion = $occasion[0];
        $kurskey = strtoupper($occasion->Kurskod);
        $persons = rows('persons', [$kurskey, '20' . $occasion->Starttermin, $occasion->Anmkod]);
        return ['return' => [
            'KursInfoVO' => rows('courses', [$kurskey]),
            'Email' => false,
            'FFG' => false,
            'FO' => false,
            'OM' => false,
            'AdrListEntVO' => array_map(
                fn(array $person) => ['Regtyp' => 'FFG', 'PersonVO' => $person + ['gallrad' => false]],
                $persons
            ),
            'valid' => true,
        ]];
    }
}

$server = new SoapServer(__DIR__ . '/../../../wsdl/adresslista.wsdl', ['cache_wsdl' => WSDL_CACHE_MEMORY]);
$server->setClass(Adresslista::class);
if ($_SERVER['REQUEST_METHOD'] === 'POST') $server->handle();
