// The least server that one would write around sharp: GET /WIDTH renders the file given on the command line.
// It prints its port. No cache, no log, no negotiation.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const server = createServer(async (request, response) => {
  const width = Number(request.url.slice(1));
  const body = await sharp(await readFile(process.argv[2])).autoOrient().resize({ width }).jpeg({ quality: 80 }).toBuffer();
  response.writeHead(200, { "content-type": "image/jpeg", "content-length": body.length, "cache-control": "no-cache" });
  response.end(body);
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
