/**
 * IMS Enterprise 1.1 records as plain data: what the reader gives, before any rule of the mapping.
 * All texts are NFC, trimmed and non-empty; what is empty in the file is absent here.
 * Element and attribute names have been folded to lower case and stripped of namespaces.
 */

/** An element kept as a tree: `extension` content and other parts whose shape the mapping decides. */
export interface ImsElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly children: readonly ImsElement[];
}

export interface ImsSourcedId {
  readonly source?: string;
  readonly id: string;
  /** sourcedid/@sourcedidtype: New, Old, Duplicate. */
  readonly type?: string;
}

/** timeframe: as written (not yet checked to be dates). `begin` and `end` without their `restrict`. */
export interface ImsTimeframe {
  readonly begin?: string;
  readonly end?: string;
}

export interface ImsProperties {
  readonly datasource?: string;
  readonly type?: string;
  /** properties/datetime: when the export was made, as written. */
  readonly datetime?: string;
  readonly target: readonly string[];
}

export interface ImsUserId {
  readonly type?: string;
  readonly value: string;
}

export interface ImsPerson {
  /** Line of the start tag in the file, 1-based. */
  readonly line: number;
  readonly recstatus?: string;
  readonly sourcedIds: readonly ImsSourcedId[];
  readonly userIds: readonly ImsUserId[];
  readonly name?: {
    readonly fn?: string;
    readonly sort?: string;
    readonly family?: string;
    readonly given?: string;
  };
  readonly email?: string;
  readonly telephones: readonly { readonly type?: string; readonly value: string }[];
  readonly address?: ImsAddress;
  /** institutionrole/@institutionroletype (or the element's text), as written. */
  readonly institutionRoles: readonly string[];
  readonly extension: readonly ImsElement[];
}

/** adr, or an extension's adr. */
export interface ImsAddress {
  readonly streets: readonly string[];
  readonly extadd?: string;
  readonly pcode?: string;
  readonly locality?: string;
  readonly country?: string;
}

export interface ImsGroup {
  readonly line: number;
  readonly recstatus?: string;
  readonly sourcedIds: readonly ImsSourcedId[];
  readonly groupTypes: readonly {
    readonly scheme?: string;
    readonly values: readonly { readonly value: string; readonly level?: string }[];
  }[];
  readonly description: { readonly short?: string; readonly long?: string; readonly full?: string };
  readonly timeframe?: ImsTimeframe;
  readonly relationships: readonly {
    readonly relation?: string;
    readonly id: ImsSourcedId;
    readonly label?: string;
  }[];
  readonly extension: readonly ImsElement[];
}

export interface ImsRole {
  /** role/@roletype, or the roletype element's text, as written; absent when there is none. */
  readonly roletype?: string;
  readonly recstatus?: string;
  readonly status?: string;
  readonly timeframe?: ImsTimeframe;
  readonly extension: readonly ImsElement[];
}

/** One member of one membership. */
export interface ImsMember {
  readonly line: number;
  /** membership/sourcedid: the group. */
  readonly group: ImsSourcedId;
  readonly member: ImsSourcedId;
  /** idtype as written ("1" person, "2" group); absent when missing. */
  readonly idtype?: string;
  readonly roles: readonly ImsRole[];
}

/** Called in document order, as each record ends. A membership's members come one by one. */
export interface ImsHandler {
  properties?(properties: ImsProperties): void;
  person?(person: ImsPerson): void;
  group?(group: ImsGroup): void;
  member?(member: ImsMember): void;
  /** A record that was skipped (for instance without sourcedid): the reason has no personal data. */
  skipped?(kind: "person" | "group" | "membership" | "member", line: number, reason: string): void;
}
