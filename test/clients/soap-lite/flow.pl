# T04's flow with SOAP::Lite in the three ways that portals use it: stubs from the served WSDL, which send SOAP-encoded
# calls in whatever order Perl's hashes have; plain data without a WSDL, encoded as well; and elements built by hand with
# SOAP::Data, without types. What is beyond ASCII goes as base64 in the first two.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Encode qw(decode encode);
use SOAP::Lite;

my $T04 = 'http://facadeclient.adresslista.service.lpw.ladok/';
my $UTILITY = 'http://facadeclient.utility.service.lpw.ladok/';
my %env = map { $_ => decode('UTF-8', $ENV{$_}) } keys %ENV;
my %fact = map { /^FACT_(\w+)/ ? ($1 => $env{$_}) : () } keys %env;
my $checks = 0;
my $sent;

SOAP::Trace->import(transport => sub { $sent = $_[0]->content if $_[0]->isa('HTTP::Request') });

sub same {
    my ($what, $expected, $got) = @_;
    if (defined $expected != defined $got || defined $got && $expected ne $got) {
        printf "%s\n  expected: %s\n  got:      %s\n", $what, map { $_ // 'nothing' } $expected, $got;
        exit 1;
    }
    $checks++;
}

sub user {
    my ($ticket) = @_;
    return {
        uid => $env{PORTAL_UID},
        type => '2',
        authinfovo => { caller => $env{PORTAL_CALLER}, ticket => { ticket => $ticket // $env{PORTAL_TICKET} } },
    };
}

# SOAP::Lite shows a list of one as its only element, and a list of none as nothing.
sub list_of {
    my ($object, $name) = @_;
    my $value = ref $object ? $object->{$name} : undef;
    return defined $value ? ref $value eq 'ARRAY' ? @$value : $value : ();
}

sub texts { my ($name, @objects) = @_; return join '|', map { $_->{$name} // '' } @objects }

# Each way: the operation's name, arg1 and a ticket in place of the right one -> SOAP::SOM.

# The stubs drop an argument of a type that their serializer does not know: these methods are how it gets to know them.
sub SOAP::Serializer::as_userVO { my ($self, $value, $name) = @_; return [$name, {}, $value] }
sub SOAP::Serializer::as_adrListVO { my ($self, $value, $name) = @_; return [$name, {}, $value] }

my $stub = SOAP::Lite->service("$ENV{T04_URL}?wsdl")->want_som(1);

sub by_stub { my ($operation, $arg1, $ticket) = @_; return $stub->$operation(user($ticket), $arg1) }

sub by_data {
    my ($change) = @_;
    return sub {
        my ($operation, $arg1, $ticket) = @_;
        return SOAP::Lite->proxy($ENV{T04_URL})->uri($T04)->call(
            $operation, SOAP::Data->name(arg0 => $change->(user($ticket))), SOAP::Data->name(arg1 => $change->($arg1)),
        );
    };
}

sub by_hand {
    my ($operation, $arg1, $ticket) = @_;
    my $client = SOAP::Lite->proxy($ENV{T04_URL})->default_ns($T04)->autotype(0);
    return $client->call($operation, element(arg0 => user($ticket)), element(arg1 => $arg1));
}

# One SOAP::Data for each element, in no namespace although the call has its own as the default one.
sub element {
    my ($name, $value) = @_;
    return map { element($name, $_) } @$value if ref $value eq 'ARRAY';
    my $content = ref $value ? \SOAP::Data->value(map { element($_, $value->{$_}) } sort keys %$value) : $value;
    return SOAP::Data->name($name)->attr({ xmlns => '' })->value($content);
}

# What a portal in ISO-8859-1 has: bytes, of which Perl does not know that they are text.
sub latin1 {
    my ($value) = @_;
    return { map { $_ => latin1($value->{$_}) } keys %$value } if ref $value eq 'HASH';
    return [map { latin1($_) } @$value] if ref $value eq 'ARRAY';
    return encode('ISO-8859-1', $value);
}

sub flow {
    my ($name, $way) = @_;
    my $call = sub {
        my ($operation, @rest) = @_;
        my $som = $way->($operation, @rest);
        same("$name, $operation: no fault", undef, ref $som ? $som->faultstring : "no answer: $som");
        return $som->result;
    };

    my $kurser = $call->('getKurs', { Institution => $fact{INSTITUTION}, Termin => $fact{TERMIN} });
    same("$name: getKurs is valid", 'true', $kurser->{valid});
    same("$name: courses", $fact{KURSKODER}, texts(Kurskod => list_of($kurser, 'KursInfoVO')));
    my ($kurs) = grep { $_->{Kurskod} eq $fact{KURSKOD} } list_of($kurser, 'KursInfoVO');
    same("$name: name of the course", $fact{BENAMNING}, $kurs->{Benamning});
    same("$name: no English name", '', exists $kurs->{EngBenamning});
    same("$name: no NoEmailList in getKurs", '', exists $kurser->{NoEmailList});
    same("$name: no messages in getKurs", 0, scalar(my @none = list_of($kurser, 'messages')));

    my $tillfallen = $call->('getKursTf', { Kurskod => $kurs->{Kurskod}, Termin => $fact{TERMIN} });
    my @tillfallen = list_of($tillfallen, 'KursTfVO');
    same("$name: types of occasions", $fact{TYPER}, texts(typ => @tillfallen));
    same("$name: Anmkod of the first occasion", $fact{ANMKOD}, $tillfallen[0]{Anmkod});

    my $lista = $call->('getAdrLista', { KursTfVO => [$tillfallen[0]], Email => 'true', FFG => 0 });
    same("$name: getAdrLista is valid", 'true', $lista->{valid});
    my @personer = map { list_of($_, 'PersonVO') } list_of($lista, 'AdrListEntVO');
    same("$name: number of persons", $fact{PERSONER}, scalar @personer);
    same("$name: kinds of registration", join('|', ('FFG') x @personer), texts(Regtyp => list_of($lista, 'AdrListEntVO')));
    same("$name: surnames", $fact{EFTERNAMN}, texts(enamn => @personer));
    same("$name: first names", $fact{FORNAMN}, texts(tnamn => @personer));
    same("$name: addresses", $fact{EMAIL}, join '|', list_of($lista, 'EmailList'));
    same("$name: persons without address", $fact{NOEMAIL}, join '|', list_of($lista, 'NoEmailList'));
    same("$name: Email comes back true", 'true', $lista->{Email});
    same("$name: FFG comes back false", 'false', $lista->{FFG});
    same("$name: incorrect numbers", $fact{OGILTIGA}, texts(values => list_of($lista, 'messages')));
    for my $message (list_of($lista, 'messages')) {
        same("$name: level", 'INFO', $message->{level});
        same("$name: key", 'adresslista.containsinvalidssn', $message->{key});
        same("$name: log", "Felaktigt personnummer, $message->{values}", $message->{log});
    }

    # The whole list of occasions is sent back as it was received.
    my @termreg = list_of($tillfallen, 'KursTFTermregVO');
    same("$name: an occasion within a programme", 1, @termreg > 0);
    my $allt = $call->('getAdrLista', { KursTfVO => \@tillfallen, KursTFTermregVO => \@termreg });
    same("$name: all occasions are valid", 'true', $allt->{valid});
    same("$name: all occasions give more", 1, list_of($allt, 'AdrListEntVO') > @personer);

    my $ensam = $call->('getKursTf', { Kurskod => $fact{ENSAM_KURSKOD}, Termin => $fact{TERMIN} });
    same("$name: one occasion", 1, scalar(my @ett = list_of($ensam, 'KursTfVO')));
    same("$name: a list of one is its element", $fact{ENSAM_KURSKOD}, $ensam->{KursTfVO}{Kurskod});
    my $ensam_lista = $call->('getAdrLista', { KursTfVO => $ensam->{KursTfVO} });
    same("$name: one person", 1, scalar(my @en = list_of($ensam_lista, 'AdrListEntVO')));
    same("$name: the one person", $fact{ENSAM_EFTERNAMN}, $ensam_lista->{AdrListEntVO}{PersonVO}{enamn});

    my $tom = $call->('getKurs', { Institution => $fact{TOM_INSTITUTION}, Termin => $fact{TERMIN} });
    same("$name: an institution without courses is valid", 'true', $tom->{valid});
    same("$name: no courses", 0, scalar(my @inga = list_of($tom, 'KursInfoVO')));

    for (
        ['general.missingparameter', 'Institution', { Termin => $fact{TERMIN} }],
        ['general.missingparameter', 'Institution', { Termin => $fact{TERMIN}, Institution => undef }],
        ['auth.failed', undef, { Institution => $fact{INSTITUTION} }, 'not the ticket'],
    ) {
        my ($key, $value, @arguments) = @$_;
        my $refused = $call->('getKurs', @arguments);
        same("$name: $key is not valid", 'false', $refused->{valid});
        my ($message) = list_of($refused, 'messages');
        same("$name: level of $key", 'ERROR', $message->{level});
        same("$name: key", $key, $message->{key});
        same("$name: values of $key", $value, $message->{values});
        same("$name: no data with $key", '', exists $refused->{KursInfoVO});
    }
}

sub is_fault {
    my ($name, $som) = @_;
    same("$name: a fault", 1, !!$som->fault);
    same("$name: faultcode", 1, !!($som->faultcode =~ /^[\w-]+:Client$/));
    same("$name: faultstring", 'The operation is none of getKurs, getKursTf, getAdrLista.', $som->faultstring);
    same("$name: no result", undef, $som->result);
}

flow('stubs', \&by_stub);
same('stubs send types', 1, !!($sent =~ /xsi:type="xsd:string"/));
flow('plain data', by_data(sub { $_[0] }));
flow('plain data in ISO-8859-1', by_data(\&latin1));
flow('SOAP::Data by hand', \&by_hand);
same('no types by hand', '', !!($sent =~ /xsi:type/));

by_data(sub { $_[0] })->('getKurs', { Institution => 'LVÅX' });
same('what is beyond ASCII goes as base64', 1, !!($sent =~ /<Institution xsi:type="\w+:base64(Binary)?">TFbDhVg=/));
by_data(\&latin1)->('getKurs', { Institution => 'LVÅX' });
same('ISO-8859-1 goes as base64', 1, !!($sent =~ /<Institution xsi:type="\w+:base64(Binary)?">TFbFWA==/));

my $twice = { typ => 'FFG', Kurskod => $fact{KURSKOD}, Starttermin => $fact{TERMIN}, Anmkod => $fact{ANMKOD} };
for my $way (\&by_stub, by_data(sub { $_[0] })) {
    my $answer = $way->('getAdrLista', { KursTfVO => [$twice, $twice] })->result;
    same('what stands twice goes as references', 2, scalar(my @references = $sent =~ /<item href="#ref-/g));
    same('references are followed', $fact{PERSONER}, scalar(my @entries = list_of($answer, 'AdrListEntVO')));
}

my $packed = SOAP::Lite->proxy($ENV{T04_URL}, options => { compress_threshold => 1 })->uri($T04)
    ->getKurs(SOAP::Data->name(arg0 => user()), SOAP::Data->name(arg1 => { Institution => $fact{INSTITUTION} }));
same('compressed', "\x1f\x8b", substr $sent, 0, 2);
same('a compressed call is read', 'true', $packed->result->{valid});

# valueof, the way that SOAP::Lite's manual shows: always a list.
my $som = by_stub('getKurs', { Institution => $fact{INSTITUTION}, Termin => $fact{TERMIN} });
same('valueof', $fact{KURSKODER}, join '|', $som->valueof('//return/KursInfoVO/Kurskod'));

is_fault('plain data', by_data(sub { $_[0] })->('getNothing', {}));
is_fault('by hand', by_hand('getNothing', {}));
my $died = eval {
    SOAP::Lite->on_fault(sub { die $_[1]->faultstring . "\n" })->proxy($ENV{T04_URL})->uri($T04)->call('getNothing');
    '';
} // $@;
same('on_fault', "The operation is none of getKurs, getKursTf, getAdrLista.\n", $died);

# The same stubs as a file, as portals have them in their sources.
system('stubmaker', '-d', $ENV{WORK}, "$ENV{UTILITY_URL}?wsdl") == 0 or die "stubmaker: $?";
require "$ENV{WORK}/UtilityFacadeClientService.pm";
my $utility = UtilityFacadeClientService->new;
my $institution = $utility->getInstitutionByKod(user(), $fact{INSTITUTION});
same('UtilityFetcher: code', $fact{INSTITUTION}, $institution->{kod});
same('UtilityFetcher: name', $fact{INSTITUTION_BENAMN}, $institution->{benamn});
my @institutions = $utility->findAllInstitutions(user());
same('UtilityFetcher: all', 1, @institutions > 1);
my $plain = SOAP::Lite->proxy($ENV{UTILITY_URL})->uri($UTILITY)
    ->getInstitutionByKod(SOAP::Data->name(arg0 => user()), SOAP::Data->name(arg1 => $fact{INSTITUTION}))->result;
same('UtilityFetcher, plain data', $fact{INSTITUTION_BENAMN}, $plain->{benamn});

print "ok, $checks checks\n";
