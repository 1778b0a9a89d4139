import type { Answer, Call } from "../lpw/call.js";
import type { Encodable } from "../soap/api.js";
import type { AdrListRequest } from "./request.js";

export type AdrListCall = Call<AdrListRequest>;

/** What a method adds to the echoed booleans: `data` under the names of adrListVO, and messages. */
export type AdrListAnswer = Answer<AdrListData>;

export interface AdrListData {
  readonly KursInfoVO: Encodable;
  readonly KursTfVO?: Encodable;
  readonly KursTFTermregVO?: Encodable;
  readonly AdrListEntVO?: Encodable;
  readonly EmailList?: Encodable;
  readonly NoEmailList?: Encodable;
}
