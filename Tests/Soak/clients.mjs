// SPDX-License-Identifier: Apache-2.0
// Clients of each protocol. Each call resolves once its answer was right to the last byte, and rejects with what was wrong.
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { once } from 'node:events'
import { bytes, Checker, pieces } from './pattern.mjs'

const patience = 60_000

function pick(values) {
  return values[Math.floor(Math.random() * values.length)]
}

function expect(status, wanted) {
  if (Number(status) !== wanted) throw new Error(`status ${status}, not ${wanted}`)
}

async function check(stream, offset, count) {
  const checker = new Checker(offset)
  for await (const chunk of stream) checker.take(chunk)
  if (checker.count !== count) throw new Error(`${checker.count} bytes, not ${count}`)
}

/** What is asked for: method, path, and a body, if any, with where in the pattern it lies. */
function question(largest) {
  const count = Math.floor(Math.min(pick([0, 1, 100, 10_000, 100_000, 1_000_000, largest]), largest))
  const offset = Math.floor(Math.random() * 1_000_000)
  if (Math.random() < 0.5) {
    return { method: 'GET', path: `/bytes?offset=${offset}&count=${count}${pick(['', '&chunked'])}`, offset, count }
  }
  return { method: 'POST', path: '/echo', offset, count, isSent: true, hasLength: Math.random() < 0.5 }
}

function lengthOf(asked) {
  return asked.isSent && asked.hasLength ? { 'content-length': asked.count } : {}
}

/** HTTP/1.1, over TLS where there is an authority's certificate. */
export class OneAtATime {
  constructor(address, host, ca) {
    const Agent = ca ? https.Agent : http.Agent
    this.agent = new Agent({ keepAlive: true, maxSockets: 8 })
    this.options = { host: '127.0.0.1', port: address.port, agent: this.agent, ca, servername: ca ? host : undefined, timeout: patience }
    this.request = (ca ? https : http).request
    this.host = host
  }

  async send(method, path, headers, body) {
    const request = this.request({ ...this.options, method, path, headers: { host: this.host, ...headers } })
    request.on('timeout', () => request.destroy(new Error(`nothing moves: ${method} ${path}`)))
    // Whoever waits for something of it is told as well.
    request.on('error', () => {})
    if (body) Readable.from(body).pipe(request)
    else request.end()
    const [response] = await once(request, 'response')
    return response
  }

  async exchange(largest) {
    const asked = question(largest)
    const response = await this.send(asked.method, asked.path, lengthOf(asked), asked.isSent && pieces(asked.offset, asked.count))
    expect(response.statusCode, 200)
    await check(response, asked.offset, asked.count)
  }

  /** A rule's fault: an answer of the proxy's own. */
  async fault() {
    const response = await this.send('GET', '/fault', {})
    expect(response.statusCode, 418)
    response.resume()
    await once(response, 'end')
  }

  /** An answer that breaks off: what came of it has to be right, and the break has to be noticed. */
  async broken(largest) {
    const checker = new Checker(7)
    try {
      const response = await this.send('GET', `/broken?offset=7&count=${Math.min(largest, 100_000)}`, {})
      if (response.statusCode !== 200) return response.resume()
      for await (const chunk of response) checker.take(chunk)
    } catch (error) {
      if (/wrong bytes/.test(error.message)) throw error
      return
    }
    throw new Error('an answer that broke off was taken for whole')
  }

  async webSocket() {
    const request = this.request({
      ...this.options, path: '/socket',
      headers: { host: this.host, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': 13, 'sec-websocket-key': randomBytes(16).toString('base64') },
    })
    request.on('error', () => {})
    request.end()
    const [, socket, head] = await once(request, 'upgrade')
    await converse(socket, head)
  }

  close() {
    this.agent.destroy()
  }
}

/** Sends messages over what echoes them, each once the one before is back. */
async function converse(socket, head) {
  const counts = [1, 1000, 60_000, 5]
  const checker = new Checker(0)
  let sent = 0
  const say = () => {
    if (counts.length === 0) return socket.end()
    const [count] = counts.splice(0, 1)
    socket.write(bytes(sent, count))
    sent += count
  }
  if (head?.length > 0) socket.unshift(head)
  say()
  for await (const chunk of socket) {
    checker.take(chunk)
    if (checker.count === sent) say()
  }
  if (counts.length > 0 || checker.count !== sent) throw new Error(`ended after ${checker.count} of ${sent} bytes`)
}

/** HTTP/2, over TLS where there is an authority's certificate. A connection that is told to end is followed by another. */
export class Multiplexed {
  constructor(address, host, ca) {
    this.connect = () => http2.connect(`${ca ? 'https' : 'http'}://127.0.0.1:${address.port}`, { ca, servername: ca ? host : undefined })
    this.host = host
    this.scheme = ca ? 'https' : 'http'
  }

  async session() {
    if (!this.open || this.open.closed || this.open.destroyed) {
      const session = this.connect()
      // Streams tell what went wrong.
      session.on('error', () => {})
      session.on('goaway', () => { if (this.open === session) this.open = undefined })
      this.open = session
    }
    if (this.open.connecting) await once(this.open, 'connect')
    return this.open ?? this.session()
  }

  async begin(headers, isBodyless = false) {
    const session = await this.session()
    const stream = session.request({ ':scheme': this.scheme, ':authority': this.host, ...headers }, { endStream: isBodyless })
    stream.setTimeout(patience, () => stream.destroy(new Error(`nothing moves: ${headers[':path']}`)))
    stream.on('error', () => {})
    return stream
  }

  async exchange(largest) {
    const asked = question(largest)
    const stream = await this.begin({ ':method': asked.method, ':path': asked.path, ...lengthOf(asked) }, !asked.isSent)
    if (asked.isSent) Readable.from(pieces(asked.offset, asked.count)).pipe(stream)
    const [headers] = await once(stream, 'response')
    expect(headers[':status'], 200)
    await check(stream, asked.offset, asked.count)
  }

  async call() {
    const count = pick([5, 105, 20_005])
    const stream = await this.begin({ ':method': 'POST', ':path': '/soak.Echo/Say', 'content-type': 'application/grpc', te: 'trailers' })
    let trailers = {}
    stream.on('trailers', (given) => { trailers = given })
    stream.end(bytes(3, count))
    const [headers] = await once(stream, 'response')
    expect(headers[':status'], 200)
    await check(stream, 3, count)
    if (trailers['grpc-status'] !== '0') throw new Error(`grpc-status ${trailers['grpc-status'] ?? headers['grpc-status']}, not 0`)
  }

  async webSocket() {
    const session = await this.session()
    if (!session.remoteSettings?.enableConnectProtocol) await once(session, 'remoteSettings')
    const stream = await this.begin({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/socket', 'sec-websocket-version': 13 })
    const [headers] = await once(stream, 'response')
    expect(headers[':status'], 200)
    await converse(stream)
  }

  close() {
    this.open?.close()
  }
}
