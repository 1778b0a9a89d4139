import type { Authenticate } from "../access/authenticate.js";
import type { Settings } from "../config.js";
import { swedishDay } from "../domain/swedish-day.js";
import { AdresslistaError } from "../errors.js";
import type { ServiceMount } from "../http/endpoint.js";
import type { FormatSettings, KurskodAliases } from "../lpw/formats.js";
import { type Operation, operationByCaller, type ServiceDependencies } from "../lpw/operations.js";
import { loadService, type SoapService } from "../soap/codec.js";
import { t04Operations } from "../t04/operations.js";
import { t22Operations } from "../t22/operations.js";
import { adresslistaService, ENDPOINT, pathOf, wsdlText } from "./interface.js";

export const UTILITY_ENDPOINT = "/cxf/UtilityFetcher";

/** What a register's calls are answered by. */
export interface MountedRegister extends Omit<ServiceDependencies, "settings"> {
  /** Undefined: the service's own. */
  readonly tenant: string | undefined;
  readonly settings: Settings;
  /** Asked for at each call: a tenant's may be read later. */
  readonly aliases: () => KurskodAliases;
}

interface Service {
  readonly path: string;
  readonly soap: SoapService;
  operationsOf(register: MountedRegister): Operations;
}

type Operations = { readonly [operation: string]: Operation };

/** The services that are served. A further one is a WSDL, its operations, and an entry here; nothing else. */
function services(): readonly Service[] {
  return [
    {
      path: ENDPOINT,
      soap: adresslistaService(),
      operationsOf: (register) => ({
        ...t04Operations({ ...register, settings: formatsOf(register, "terminFormat") }),
      }),
    },
    {
      path: UTILITY_ENDPOINT,
      soap: loadService(wsdlText("utility.wsdl")),
      operationsOf: (register) => ({
        ...t22Operations({
          ...register,
          settings: formatsOf(register, "utilityTerminFormat"),
          today: () => swedishDay(new Date()),
        }),
      }),
    },
  ];
}

function formatsOf(
  { settings, aliases }: MountedRegister,
  termin: "terminFormat" | "utilityTerminFormat",
): FormatSettings {
  return {
    terminFormat: settings[termin],
    kurskodMaxLength: settings.kurskodMaxLength,
    get aliases() {
      return aliases();
    },
  };
}

/**
 * Every service of every register at a path of its own. Where there are tenants, the path without one is all registers':
 * `authenticateAll` says there who calls, and so whose register is meant.
 */
export function serviceMounts(
  own: MountedRegister,
  tenants: readonly MountedRegister[] = [],
  authenticateAll: Authenticate = own.authenticate,
): readonly ServiceMount[] {
  return services().flatMap(({ path, soap, operationsOf }) => {
    const ofOwn = operationsOf(own);
    const ofTenants = new Map(tenants.map((register) => [register.tenant, operationsOf(register)] as const));
    const atAll =
      tenants.length === 0
        ? ofOwn
        : operationsByCaller(authenticateAll, new Map([[own.tenant, ofOwn], ...ofTenants]));
    return [
      { path, service: soap, operations: atAll },
      ...tenants.map(({ tenant }) => ({
        path: pathOf(path, tenant),
        tenant,
        service: soap,
        operations: ofTenants.get(tenant) ?? {},
      })),
    ];
  });
}

function operationsByCaller(
  authenticate: Authenticate,
  registers: ReadonlyMap<string | undefined, Operations>,
): Operations {
  const names = Object.keys(registers.get(undefined) ?? {});
  const operation = (name: string) =>
    operationByCaller(authenticate, (tenant) => {
      const found = registers.get(tenant)?.[name];
      if (found === undefined) throw new AdresslistaError("internal", `nobody answers ${name} there`);
      return found;
    });
  return Object.fromEntries(names.map((name) => [name, operation(name)]));
}
