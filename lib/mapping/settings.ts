import type { MappingSettings } from "./api.js";

/** What holds when the settings file says nothing of `mapping` (contract section 5, Kinds of groups and NAMN). */
export const defaultMapping: MappingSettings = {
  groupKinds: [
    { kind: "school", typevalue: "skola|enhet|school|site" },
    { kind: "course", typevalue: "kurs|course|ämne" },
    {
      kind: "occasion",
      typevalue: "kursgrupp|undervisningsgrupp|grupp|section|coursesection|teaching group",
    },
    { kind: "class", typevalue: "klass|basgrupp|mentorsgrupp|class" },
    { kind: "programme", typevalue: "program|kurspaket|utbildning|programme" },
  ],
  institutions: {},
  personnummerUseridTypes: ["PID", "personnummer", "PNR", "personNIN"],
};
