/** @countersign/signature-ssh/node: signers that start programs. Node only. */

export { type SshKeygenOptions, sshKeygenSigner } from "./ssh-keygen.ts";
