// docs/conformance.md, written from the results.

/** The page. It holds nothing that differs from run to run. */
export function table(results, notRun) {
  const total = results.reduce((sum, { passed }) => sum + passed, 0)
  const rows = results.map(({ client, version, calls, passed, failed, skipped }) => {
    const said = Object.entries(calls).sort(([a], [b]) => a.localeCompare(b)).map(([name, n]) => `\`${name}\` ${n}`).join(', ')
    const left = skipped.length ? `; not run: ${skipped.join('; ')}` : ''
    return `| \`${client}\` | ${version} | ${said}${left} | ${passed} | ${failed} |`
  })
  const others = notRun.map(({ client, language, reason }) => `| ${client} | ${language} | ${reason} |`)
  return `# Conformance

The vendors' own clients, as their package registries hand them out, against a server of this build. Neither the clients'
files nor the URLs they make are changed. What their host names need is arranged outside of them: the tests make an authority,
and the server shows a certificate for \`ik.imagekit.io\`, \`api.imagekit.io\`, \`api.imgix.com\`, \`x.imgix.net\`,
\`demo.cloudimg.io\`, \`img.imageboss.me\` and others; Node and Python reach it through an HTTPS CONNECT proxy, a browser by
its own rules for host names. [How it works, and how to add a client](../tests/conformance/README.md).

This page is written by \`scripts/conformance --write\`; \`scripts/conformance\`, and with it \`make test\`, runs everything again and
fails where a test fails or this page says otherwise.

## Run: ${results.length} clients, ${total} tests passed

A test builds URLs with the client, fetches and decodes what they give, and holds size, format and often colours against what
the vendor documents; signs, and expects that the URL is taken, and refused when one character is changed; replaces a picture,
purges it with the client, asks for the status, and expects the new bytes; or provokes an error, and expects the client to
report it as its own.

| client | version | calls made | passed | failed |
|---|---|---|---|---|
${rows.join('\n')}

## Not run

| client | language | why |
|---|---|---|
${others.join('\n')}
`
}

/** Lines that one text has and the other has not. */
export function differences(before, after) {
  const [a, b] = [before.split('\n'), after.split('\n')]
  return [...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`), ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`)]
}
