// The least server that one would write around sharp: GET /FILE?w=WIDTH&q=QUALITY&fm=FORMAT renders a file of the folder given on the
// command line. It prints its port. No cache, no log, no negotiation.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  const [width, quality, format] = [Number(url.searchParams.get("w")), Number(url.searchParams.get("q")), url.searchParams.get("fm")];
  const image = sharp(await readFile(process.argv[2] + url.pathname)).autoOrient().resize({ width });
  const options = format === "avif" ? { quality, effort: 2, chromaSubsampling: "4:2:0" } : { quality };
  const body = await image.toFormat(format === "jpg" ? "jpeg" : format, options).toBuffer();
  response.writeHead(200, { "content-type": `image/${format}`, "content-length": body.length, "cache-control": "no-cache" });
  response.end(body);
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
