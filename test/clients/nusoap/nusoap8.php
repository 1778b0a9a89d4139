<?php
// NuSOAP 0.9.5 as Debian has it, on PHP 8: there a method that is called like its class is no constructor any more, so
// that every object of NuSOAP's stays empty. A copy in $WORK gets constructors that call those methods; all else, what
// is sent and how answers are read, is NuSOAP's own.
error_reporting(E_ALL & ~E_DEPRECATED);

(function (): void {
    $source = file_get_contents('/usr/share/php/nusoap/nusoap.php');
    $withConstructors = preg_replace_callback(
        '/^class (\w+)(?: extends \w+)?\s*\{/m',
        fn (array $class) => preg_match("/^\s*function {$class[1]}\(/m", $source)
            ? "$class[0] function __construct(...\$arguments) { \$this->$class[1](...\$arguments); }"
            : $class[0],
        $source
    );
    $copy = getenv('WORK') . '/nusoap.php';
    file_put_contents($copy, $withConstructors);
    require $copy;
})();
