/** What `init` writes. */

export function configTemplate({
  project,
  name,
  forges,
}: {
  readonly project: string;
  readonly name: string;
  readonly forges: readonly string[];
}): string {
  return `# How this project makes its releases. Nothing here is trusted when a release is verified.
countersign: config/v1
project: ${JSON.stringify(project)}
name: ${JSON.stringify(name)}
tag: "v{version}"
formats: [tar.gz, tar.xz]
forges: ${JSON.stringify(forges)}
# The log that \`countersign publish\` writes; made with \`countersign log init\`.
# log: { directory: ../log, key: ../log.key }
`;
}

export function policyTemplate(project: string): string {
  return `# Who must vouch for a release. Edit, check (\`countersign policy check policy.yaml\`), then seal and publish it
# away from the releases: users pin the sealed policy, and nothing else is believed.
countersign: policy/v1
project: ${JSON.stringify(project)}
serial: 1
signers:
  alice: { openpgp: keys/alice.asc }
  bob: { ssh: keys/bob.pub }
require:
  tag: { anyOf: [alice, bob] }
  release: { atLeast: 2, of: [alice, bob] }
# The line that \`countersign log init\` prints:
# logs: { anyOf: ["log example.org/log+…+…"] }
`;
}
