import https from 'node:https'
import http from 'node:http'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { API_HOSTS, listen } from './server.mjs'
export function startFront({ certs, http: delivery, control }) {
  return listen(https.createServer({ key: readFileSync(path.join(certs, 'key.pem')), cert: readFileSync(path.join(certs, 'cert.pem')) }, (request, response) => {
    const host = (request.headers.host ?? '').split(':')[0]
    const onward = http.request({ host: '127.0.0.1', port: API_HOSTS.includes(host) ? control : delivery, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders); answer.pipe(response)
    })
    onward.on('error', (e) => response.destroy(e)); request.pipe(onward)
  }))
}
