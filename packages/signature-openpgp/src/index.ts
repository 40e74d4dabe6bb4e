/** @countersign/signature-openpgp: OpenPGP signatures, made and checked in process. For Node and browsers. */

export { openpgpScheme } from "./scheme.ts";
export {
  exportPublicKey,
  generateOpenpgpKey,
  type KeySignerOptions,
  type NewKeyOptions,
  openpgpKeySigner,
} from "./signer.ts";
