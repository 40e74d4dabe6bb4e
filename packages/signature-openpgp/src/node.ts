/** @countersign/signature-openpgp/node: signers that start programs. Node only. */

export { type GpgOptions, gpgSigner } from "./gpg.ts";
