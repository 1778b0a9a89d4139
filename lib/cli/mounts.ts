import type { Settings } from "../config.js";
import { swedishDay } from "../domain/swedish-day.js";
import type { ServiceMount } from "../http/endpoint.js";
import type { KurskodAliases } from "../lpw/formats.js";
import type { ServiceDependencies } from "../lpw/operations.js";
import { loadService } from "../soap/codec.js";
import { t04Operations } from "../t04/operations.js";
import { t22Operations } from "../t22/operations.js";
import { adresslistaService, ENDPOINT, wsdlText } from "./interface.js";

export const UTILITY_ENDPOINT = "/cxf/UtilityFetcher";

/** The services that are served. A further one is a WSDL, its operations, and a mount here; nothing else. */
export function serviceMounts(
  settings: Settings,
  aliases: KurskodAliases,
  dependencies: Omit<ServiceDependencies, "settings">,
): readonly ServiceMount[] {
  const { terminFormat, utilityTerminFormat, kurskodMaxLength } = settings;
  const formats = { kurskodMaxLength, aliases };
  return [
    {
      path: ENDPOINT,
      service: adresslistaService(),
      operations: { ...t04Operations({ ...dependencies, settings: { ...formats, terminFormat } }) },
    },
    {
      path: UTILITY_ENDPOINT,
      service: loadService(wsdlText("utility.wsdl")),
      operations: {
        ...t22Operations({
          ...dependencies,
          settings: { ...formats, terminFormat: utilityTerminFormat },
          today: () => swedishDay(new Date()),
        }),
      },
    },
  ];
}
