# T04's flow with soap4r in the three ways that portals use it: classes and driver that wsdl2ruby makes of the served
# WSDL, the driver factory, which takes hashes, and a driver without a WSDL, which sends SOAP-encoded calls and makes
# Apache's Map of a hash.
require 'logger'
require 'stringio'
require 'soap/wsdlDriver'
require 'wsdl/soap/wsdl2ruby'

T04 = 'http://facadeclient.adresslista.service.lpw.ladok/'
OPERATIONS = %w[getKurs getKursTf getAdrLista]
$checks = 0

def same(what, expected, got)
  unless expected == got
    puts what, "  expected: #{expected.inspect}", "  got:      #{got.inspect}"
    exit 1
  end
  $checks += 1
end

def fact(name)
  ENV.fetch("FACT_#{name}")
end

def user(ticket = nil)
  {
    'uid' => ENV.fetch('PORTAL_UID'),
    'type' => '2',
    'authinfovo' => {
      'caller' => ENV.fetch('PORTAL_CALLER'),
      'ticket' => { 'ticket' => ticket || ENV.fetch('PORTAL_TICKET') }
    }
  }
end

# The script wsdl2ruby.rb needs Ruby before 2.2 or the gem logger-application; what it calls is in the library.
def generate(url, module_name)
  generator = WSDL::SOAP::WSDL2Ruby.new
  generator.location = url
  generator.basedir = ENV.fetch('WORK')
  generator.logger = Logger.new(File::NULL)
  generator.opt.update('classdef' => nil, 'mapping_registry' => nil, 'driver' => nil, 'force' => true,
                       'module_path' => module_name)
  generator.run
end

# What wsdl2ruby makes: own classes, whose accessors begin with a small letter; absent is nil, a list is an array.
class Stubs
  def initialize(url)
    generate("#{url}?wsdl", 'Lpw')
    $LOAD_PATH.unshift(ENV.fetch('WORK'))
    require 'AdresslistaFacadeClientServiceDriver'
    @driver = Lpw::AdresslistaFetcher.new
  end

  attr_reader :driver

  def name = 'stubs'
  def yes = true
  def no = false

  def call(operation, arg1, ticket = nil)
    arguments = Lpw.const_get(operation.sub(/^g/, 'G')).new(
      made(Lpw::UserVO, user(ticket)), made(Lpw::AdrListVO, arg1)
    )
    @driver.public_send(operation, arguments).v_return
  end

  def field(object, name) = object.public_send(accessor(name))

  def list(object, name)
    list = field(object, name)
    same("#{name} is an array or nothing", true, list.nil? || list.is_a?(Array))
    list || []
  end

  private

  def accessor(name) = name[0].downcase + name[1..]

  TYPES = { 'authinfovo' => 'AuthInfoVO', 'ticket' => 'TicketVO' }

  def made(type, values)
    values.each_with_object(type.new) do |(name, value), object|
      value = made(Lpw.const_get(TYPES.fetch(name)), value) if value.is_a?(Hash)
      object.public_send("#{accessor(name)}=", value)
    end
  end
end

# What answers are without classes: fields by name; a list of one is its element, booleans are texts.
class Plain
  def yes = 'true'
  def no = 'false'
  def field(object, name) = object[name]

  def list(object, name)
    value = object[name]
    value.is_a?(Array) ? value : [value].compact
  end
end

class Factory < Plain
  def initialize(url)
    @driver = SOAP::WSDLDriverFactory.new("#{url}?wsdl").create_rpc_driver
  end

  attr_reader :driver

  def name = 'driver factory'

  def call(operation, arg1, ticket = nil)
    @driver.public_send(operation, 'arg0' => user(ticket), 'arg1' => arg1)['return']
  end
end

class WithoutWsdl < Plain
  def initialize(url)
    @driver = SOAP::RPC::Driver.new(url, T04)
    OPERATIONS.each { |operation| @driver.add_method(operation, 'arg0', 'arg1') }
  end

  attr_reader :driver

  def name = 'without WSDL'
  def call(operation, arg1, ticket = nil) = @driver.public_send(operation, user(ticket), arg1)
end

def flow(way)
  name = way.name
  field = way.method(:field)
  list = way.method(:list)
  texts = ->(objects, what) { objects.map { |object| way.field(object, what) }.join('|') }

  kurser = way.call('getKurs', 'Institution' => fact('INSTITUTION'), 'Termin' => fact('TERMIN'))
  same("#{name}: getKurs is valid", way.yes, field[kurser, 'valid'])
  same("#{name}: courses", fact('KURSKODER'), texts[list[kurser, 'KursInfoVO'], 'Kurskod'])
  kurs = list[kurser, 'KursInfoVO'].find { |one| field[one, 'Kurskod'] == fact('KURSKOD') }
  same("#{name}: name of the course", fact('BENAMNING'), field[kurs, 'Benamning'])
  same("#{name}: no English name", nil, field[kurs, 'EngBenamning'])
  same("#{name}: no NoEmailList in getKurs", nil, field[kurser, 'NoEmailList'])
  same("#{name}: no messages in getKurs", nil, field[kurser, 'messages'])

  tillfallen = way.call('getKursTf', 'Kurskod' => field[kurs, 'Kurskod'], 'Termin' => fact('TERMIN'))
  same("#{name}: types of occasions", fact('TYPER'), texts[list[tillfallen, 'KursTfVO'], 'typ'])
  tillfalle = list[tillfallen, 'KursTfVO'].first
  same("#{name}: Anmkod of the first occasion", fact('ANMKOD'), field[tillfalle, 'Anmkod'])

  lista = way.call('getAdrLista', 'KursTfVO' => [tillfalle], 'Email' => true, 'FFG' => false)
  same("#{name}: getAdrLista is valid", way.yes, field[lista, 'valid'])
  entries = list[lista, 'AdrListEntVO']
  personer = entries.flat_map { |entry| list[entry, 'PersonVO'] }
  same("#{name}: number of persons", fact('PERSONER').to_i, personer.size)
  same("#{name}: kinds of registration", (['FFG'] * personer.size).join('|'), texts[entries, 'Regtyp'])
  same("#{name}: surnames", fact('EFTERNAMN'), texts[personer, 'enamn'])
  same("#{name}: first names", fact('FORNAMN'), texts[personer, 'tnamn'])
  same("#{name}: addresses", fact('EMAIL'), list[lista, 'EmailList'].join('|'))
  same("#{name}: persons without address", fact('NOEMAIL'), list[lista, 'NoEmailList'].join('|'))
  same("#{name}: Email comes back true", way.yes, field[lista, 'Email'])
  same("#{name}: FFG comes back false", way.no, field[lista, 'FFG'])
  messages = list[lista, 'messages']
  same("#{name}: incorrect numbers", fact('OGILTIGA'), messages.flat_map { |one| list[one, 'values'] }.join('|'))
  messages.each do |message|
    same("#{name}: level", 'INFO', field[message, 'level'])
    same("#{name}: key", 'adresslista.containsinvalidssn', field[message, 'key'])
    same("#{name}: log", "Felaktigt personnummer, #{list[message, 'values'].first}", field[message, 'log'])
  end

  # The whole list of occasions is sent back as it was received.
  termreg = list[tillfallen, 'KursTFTermregVO']
  same("#{name}: an occasion within a programme", false, termreg.empty?)
  allt = way.call('getAdrLista', 'KursTfVO' => list[tillfallen, 'KursTfVO'], 'KursTFTermregVO' => termreg)
  same("#{name}: all occasions are valid", way.yes, field[allt, 'valid'])
  same("#{name}: all occasions give more", true, list[allt, 'AdrListEntVO'].size > personer.size)

  ensam = way.call('getKursTf', 'Kurskod' => fact('ENSAM_KURSKOD'), 'Termin' => fact('TERMIN'))
  same("#{name}: one occasion", fact('ENSAM_KURSKOD'), texts[list[ensam, 'KursTfVO'], 'Kurskod'])
  ensam_lista = way.call('getAdrLista', 'KursTfVO' => list[ensam, 'KursTfVO'])
  en = list[ensam_lista, 'AdrListEntVO'].flat_map { |entry| list[entry, 'PersonVO'] }
  same("#{name}: one person", fact('ENSAM_EFTERNAMN'), texts[en, 'enamn'])

  tom = way.call('getKurs', 'Institution' => fact('TOM_INSTITUTION'), 'Termin' => fact('TERMIN'))
  same("#{name}: an institution without courses is valid", way.yes, field[tom, 'valid'])
  same("#{name}: no courses", [], list[tom, 'KursInfoVO'])

  refused(way, 'general.missingparameter', ['Institution'], { 'Termin' => fact('TERMIN') })
  refused(way, 'general.missingparameter', ['Institution'], { 'Institution' => '', 'Termin' => fact('TERMIN') })
  refused(way, 'auth.failed', [], { 'Institution' => fact('INSTITUTION') }, 'not the ticket')
end

def refused(way, key, values, *arguments)
  answer = way.call('getKurs', *arguments)
  same("#{way.name}: #{key} is not valid", way.no, way.field(answer, 'valid'))
  message = way.list(answer, 'messages').first
  same("#{way.name}: level of #{key}", 'ERROR', way.field(message, 'level'))
  same("#{way.name}: key", key, way.field(message, 'key'))
  same("#{way.name}: values of #{key}", values, way.list(message, 'values'))
  same("#{way.name}: no data with #{key}", [], way.list(answer, 'KursInfoVO'))
end

def fault(name)
  yield
  same("#{name}: raises", 'SOAP::FaultError', 'nothing')
rescue SOAP::FaultError => e
  same("#{name}: faultcode", 'soap:Client', e.faultcode.data)
  same("#{name}: faultstring", "The operation is none of #{OPERATIONS.join(', ')}.", e.faultstring.data)
  same("#{name}: message", e.faultstring.data, e.message)
end

url = ENV.fetch('T04_URL')
stubs = Stubs.new(url)
factory = Factory.new(url)
without_wsdl = WithoutWsdl.new(url)
[stubs, factory, without_wsdl].each { |way| flow(way) }

# One object twice goes as two references to an element beside the operation; a Struct is an element for each field.
dump = StringIO.new(''.b)
without_wsdl.driver.wiredump_dev = dump
occasion = Struct.new(:typ, :Kurskod, :Starttermin, :Anmkod).new('FFG', fact('KURSKOD'), fact('TERMIN'), fact('ANMKOD'))
answer = without_wsdl.call('getAdrLista', { 'KursTfVO' => [occasion, occasion] })
same('what stands twice goes as references', 2, dump.string[/= Request.*?<\/env:Envelope>/m].scan('<item href="#id').size)
same('references are followed', fact('PERSONER').to_i, answer['AdrListEntVO'].size)

[stubs, factory].each do |way|
  parts = { in: 'getNothing', out: 'getNothingResponse' }.map do |direction, element|
    [direction, 'parameters', ['::SOAP::SOAPElement', T04, element]]
  end
  way.driver.add_document_operation('', 'getNothing', parts, request_style: :document, request_use: :literal,
                                    response_style: :document, response_use: :literal, faults: {})
  fault(way.name) { way.driver.getNothing(nil) }
end
without_wsdl.driver.add_method('getNothing')
fault(without_wsdl.name) { without_wsdl.driver.getNothing }

utility = SOAP::WSDLDriverFactory.new("#{ENV.fetch('UTILITY_URL')}?wsdl").create_rpc_driver
institution = utility.getInstitutionByKod('arg0' => user, 'arg1' => fact('INSTITUTION'))['return']
same('UtilityFetcher: code', fact('INSTITUTION'), institution['kod'])
same('UtilityFetcher: name', fact('INSTITUTION_BENAMN'), institution['benamn'])
generate("#{ENV.fetch('UTILITY_URL')}?wsdl", 'Utility')
require 'UtilityFacadeClientServiceDriver'
ticket = Utility::TicketVO.new
ticket.ticket = ENV.fetch('PORTAL_TICKET')
authinfo = Utility::AuthInfoVO.new
authinfo.caller = ENV.fetch('PORTAL_CALLER')
authinfo.ticket = ticket
portal_user = Utility::UserVO.new
portal_user.uid = ENV.fetch('PORTAL_UID')
portal_user.type = '2'
portal_user.authinfovo = authinfo
# A response that is a list is an array itself, without `return`.
institutions = Utility::UtilityFetcher.new.findAllInstitutions(Utility::FindAllInstitutions.new(portal_user))
same('UtilityFetcher, stubs: all', true, institutions.map(&:benamn).include?(fact('INSTITUTION_BENAMN')))
same('UtilityFetcher, stubs: valid', [true], institutions.map(&:valid).uniq)

puts "ok, #{$checks} checks"
