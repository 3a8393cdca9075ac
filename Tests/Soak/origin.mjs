// SPDX-License-Identifier: Apache-2.0
// A version: HTTP/1 and HTTP/2 on a port each, told to the parent. It ends when it is told to, once nothing is under way.
import http from 'node:http'
import http2 from 'node:http2'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pieces } from './pattern.mjs'

const [version] = process.argv.slice(2)
const sessions = new Set()
let underWay = 0
let isEnding = false

function count(stream) {
  underWay += 1
  stream.on('close', () => {
    underWay -= 1
    endIfIdle()
  })
}

function endIfIdle() {
  if (isEnding && underWay === 0) process.exit(0)
}

function number(url, name) {
  return Number(url.searchParams.get(name) ?? 0)
}

function answer(request, response) {
  count(response)
  const url = new URL(request.url, 'http://origin')
  response.setHeader('x-version', version)
  switch (url.pathname) {
    case '/bytes':
      if (!url.searchParams.has('chunked')) response.setHeader('content-length', number(url, 'count'))
      Readable.from(pieces(number(url, 'offset'), number(url, 'count'))).pipe(response)
      break
    case '/echo':
      request.pipe(response)
      break
    case '/soak.Echo/Say':
      response.setHeader('content-type', 'application/grpc')
      response.addTrailers({ 'grpc-status': '0' })
      request.pipe(response)
      break
    // Part of what was promised, and then nothing.
    case '/broken':
      response.setHeader('content-length', number(url, 'count') + 1)
      for (const piece of pieces(number(url, 'offset'), number(url, 'count'))) response.write(piece)
      setImmediate(() => response.destroy())
      break
    default:
      response.statusCode = 404
      response.end()
  }
}

const plain = http.createServer({ keepAliveTimeout: 300_000 }, answer)
plain.on('upgrade', (request, socket, head) => {
  count(socket)
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`)
  socket.write(head)
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})

const multiplexed = http2.createServer(answer)
multiplexed.on('session', (session) => {
  sessions.add(session)
  session.on('close', () => sessions.delete(session))
})

process.on('message', () => {
  isEnding = true
  for (const session of sessions) session.close()
  endIfIdle()
})
process.on('disconnect', () => process.exit(1))

plain.listen(0, '127.0.0.1', () => multiplexed.listen(0, '127.0.0.1', () => {
  process.send({ http: plain.address().port, http2: multiplexed.address().port })
}))
