/** @countersign/signature-ssh/node: signers that start programs. Node only. */

export type { ProgramRequest, ProgramResult, RunProgram } from "./program.ts";
export { type SshKeygenOptions, sshKeygenSigner } from "./ssh-keygen.ts";
