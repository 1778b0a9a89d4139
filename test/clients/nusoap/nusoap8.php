<?php
// NuSOAP 0.9.5 as Debian has it, on PHP 8: there a method that is called like its class is no constructor any more, so
// that every object of NuSOAP's stays empty. A copy in $WORK has its constructors under PHP's name for them; all else,
// what is sent and how answers are read, is NuSOAP's own. docs/clients/php.md does the same with sed.
error_reporting(E_ALL & ~E_DEPRECATED);

(function (): void {
    $source = file_get_contents('/usr/share/php/nusoap/nusoap.php');
    preg_match_all('/^class (\w+)/m', $source, $classes);
    $names = implode('|', $classes[1]);
    $copy = getenv('WORK') . '/nusoap.php';
    $constructors = ["/function ($names)\(/", '/parent::nusoap_base\(/'];
    file_put_contents($copy, preg_replace($constructors, ['function __construct(', 'parent::__construct('], $source));
    require $copy;
})();
