#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Mixed traffic through one proxy for a while: HTTP/1.1, HTTP/2, gRPC, WebSockets and TLS, while weights change, endpoints come and go,
// answers break off, and processes hand over to new ones. Every byte is compared; memory and descriptors have to stay flat.
//
// usage: run.mjs CANARYCTL [SECONDS]     120 seconds unless said otherwise; status 1 and what was wrong where anything was
import { execFile, execFileSync, fork } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import { once } from 'node:events'
import path from 'node:path'
import { promisify } from 'node:util'
import { OneAtATime, Multiplexed } from './clients.mjs'

const [program, seconds = '120'] = process.argv.slice(2)
if (!program) {
  console.error('usage: run.mjs CANARYCTL [SECONDS]')
  process.exit(64)
}
const canaryctl = path.resolve(program)
const scratch = mkdtempSync(path.join(os.tmpdir(), 'canaryctl-soak-'))
const environment = { ...process.env, CANARYCTL_STORE: path.join(scratch, 'store') }
const call = promisify(execFile)
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
// By the name of their port, which says what their endpoints speak.
const hosts = { http: 'app', http2: 'streams' }
const endsAt = Date.now() + Number(seconds) * 1000
const handsOverUntil = Date.now() + Number(seconds) * 500

const counts = {}
const failures = []

function run(...words) {
  return call(canaryctl, words, { env: environment })
}

// MARK: - The scene

function certificate() {
  const file = (name) => path.join(scratch, name)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=example.com',
    '-addext', 'subjectAltName=DNS:*.example.com', '-keyout', file('key.pem'), '-out', file('certificate.pem')], { stdio: 'ignore' })
  return { key: file('key.pem'), certificate: file('certificate.pem') }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

function manifests(port, files) {
  const rules = Object.entries(hosts).map(([name, host]) => `
apiVersion: v1
kind: Service
metadata: {name: ${host}}
spec:
  selector: {app: ${host}}
  ports: [{name: ${name}, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${host}}
spec:
  host: ${host}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${host}}
spec:
  hosts: [${host}, ${host}.example.com]
  gateways: [mesh, secure]
  http:
  - match: [{uri: {exact: /fault}}]
    fault: {abort: {httpStatus: 418, percentage: {value: 100}}}
    route: [{destination: {host: ${host}, subset: v1}}]
  - name: split
    timeout: 60s
    route:
    - {destination: {host: ${host}, subset: v1}, weight: 50}
    - {destination: {host: ${host}, subset: v2}, weight: 50}
---`)
  return `${rules.join('')}
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: secure}
spec:
  servers:
  - port: {name: https, number: ${port}, protocol: HTTPS}
    hosts: ['*.example.com']
    tls: {mode: SIMPLE, serverCertificate: ${files.certificate}, privateKey: ${files.key}}
`
}

async function apply(text) {
  const applied = run('apply', '-f', '-')
  applied.child.stdin.end(text)
  await applied
}

async function startProxy() {
  const { stdout } = await run('proxy', '--detach', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-timeout', '120s')
  const port = Number(stdout.match(/listening on 127\.0\.0\.1:(\d+)/)[1])
  return { port }
}

/** The processes of proxies that serve; one that drains is none. */
async function proxies() {
  const { stdout } = await run('proxy-status', '-o', 'json')
  return JSON.parse(stdout).items.filter((proxy) => !proxy.draining).map((proxy) => proxy.pid)
}

// MARK: - What changes

class Endpoints {
  constructor() {
    this.running = { v1: [], v2: [] }
  }

  async add(version) {
    const child = fork(new URL('./origin.mjs', import.meta.url), [version])
    const [ports] = await once(child, 'message')
    const places = Object.entries(hosts).map(([name, host]) => [host, `127.0.0.1:${ports[name]}`])
    for (const place of places) await run('register', ...place, '-l', `version=${version}`)
    child.on('exit', (status, signal) => {
      if (status !== 0) failures.push(`an origin of ${version} ended by itself: ${status ?? signal}`)
    })
    this.running[version].push({ child, places })
  }

  /** Has the oldest of a version leave in order: first out of the tables, then of its own accord. */
  async remove(version) {
    const { child, places } = this.running[version].shift()
    for (const place of places) await run('deregister', ...place, '--wait=60s')
    const ended = once(child, 'exit')
    child.send('end')
    await ended
  }
}

async function change(endpoints) {
  while (Date.now() < endsAt) {
    const version = Math.random() < 0.5 ? 'v1' : 'v2'
    for (const host of Object.values(hosts)) await run('set-weight', host, version, `${Math.floor(Math.random() * 101)}`, '--route', 'split')
    await endpoints.add(version)
    await endpoints.remove(version)
    counts.changes = (counts.changes ?? 0) + 1
    await sleep(500)
  }
}

/** Has a new process take the old one's place, again and again; later on, memory is looked at. */
async function handOver() {
  while (Date.now() < handsOverUntil) {
    const [pid] = await proxies()
    process.kill(pid, 'SIGUSR2')
    while ((await proxies()).every((one) => one === pid)) await sleep(50)
    counts['hand-overs'] = (counts['hand-overs'] ?? 0) + 1
    await sleep(2000)
  }
}

// MARK: - Traffic

async function repeat(name, exchange) {
  while (Date.now() < endsAt) {
    try {
      await exchange()
      counts[name] = (counts[name] ?? 0) + 1
    } catch (error) {
      // Begun behind the last GOAWAY, and sure not to have been begun by the proxy: a client asks again (RFC 9113, 8.7).
      if (/REFUSED_STREAM/.test(error.message)) {
        counts['asked again'] = (counts['asked again'] ?? 0) + 1
        continue
      }
      failures.push(`${name}: ${error.message} ${error.code ?? ''}`)
      await sleep(100)
    }
  }
}

function traffic(proxy, securePort, ca) {
  const large = 16 << 20
  const clients = {
    'HTTP/1.1': new OneAtATime(proxy, hosts.http),
    'HTTP/1.1 to HTTP/2': new OneAtATime(proxy, hosts.http2),
    'HTTP/2 to HTTP/1.1': new Multiplexed(proxy, hosts.http),
    'HTTP/2': new Multiplexed(proxy, hosts.http2),
    'HTTP/1.1 in TLS': new OneAtATime({ port: securePort }, `${hosts.http}.example.com`, ca),
    'HTTP/2 in TLS': new Multiplexed({ port: securePort }, `${hosts.http2}.example.com`, ca),
  }
  const loops = Object.entries(clients).flatMap(([name, client]) =>
    [large, 100_000, 1000].map((largest) => repeat(name, () => client.exchange(largest))))
  loops.push(repeat('gRPC', () => clients['HTTP/2'].call()), repeat('gRPC in TLS', () => clients['HTTP/2 in TLS'].call()))
  loops.push(repeat('WebSocket', () => clients['HTTP/1.1'].webSocket()), repeat('WebSocket in HTTP/2', () => clients['HTTP/2 to HTTP/1.1'].webSocket()))
  loops.push(repeat('WebSocket in TLS', () => clients['HTTP/1.1 in TLS'].webSocket()))
  for (const name of ['HTTP/1.1', 'HTTP/1.1 in TLS']) {
    loops.push(repeat('faults', () => clients[name].fault().then(() => sleep(20))))
    loops.push(repeat('broken answers', () => clients[name].broken(large).then(() => sleep(20))))
  }
  return { loops, close: () => Object.values(clients).forEach((client) => client.close()) }
}

// MARK: - What it costs

function resident(pid) {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024
}

function descriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** The largest of the resident sizes in the third and in the last quarter of the time, in MiB. */
async function watchMemory() {
  const largest = { third: 0, last: 0 }
  const quarter = Number(seconds) * 250
  while (Date.now() < endsAt) {
    const left = endsAt - Date.now()
    const [pid] = await proxies()
    if (pid && left < 2 * quarter) {
      const name = left > quarter ? 'third' : 'last'
      largest[name] = Math.max(largest[name], resident(pid))
    }
    await sleep(500)
  }
  return largest
}

// MARK: - The run

async function soak() {
  const files = certificate()
  const securePort = await freePort()
  const endpoints = new Endpoints()
  await apply(manifests(securePort, files))
  for (const version of ['v1', 'v2', 'v1', 'v2']) await endpoints.add(version)
  const proxy = await startProxy()
  const before = descriptors((await proxies())[0])
  const { loops, close } = traffic(proxy, securePort, readFileSync(files.certificate))
  const [memory] = await Promise.all([watchMemory(), change(endpoints), handOver(), ...loops])
  close()
  for (const version of ['v1', 'v2']) while (endpoints.running[version].length > 0) await endpoints.remove(version)
  const [pid] = await proxies()
  let after = descriptors(pid)
  for (let tries = 0; after > before + 8 && tries < 100; tries += 1) {
    await sleep(100)
    after = descriptors(pid)
  }
  console.log(Object.entries(counts).map(([name, count]) => `${name}: ${count}`).join('\n'))
  console.log(`memory: ${memory.third.toFixed(1)} MiB in the third quarter, ${memory.last.toFixed(1)} in the last; descriptors: ${before}, then ${after}`)
  if (memory.last > memory.third * 1.2 + 4) failures.push('memory grows')
  // Two processes need not have the same number; what leaks with a request would be far above.
  if (after > before + 8) failures.push('descriptors are left')
}

try {
  await soak()
} catch (error) {
  failures.push(error.stack)
} finally {
  await run('down').catch(() => {})
  rmSync(scratch, { recursive: true, force: true })
}
const kinds = new Map()
for (const failure of failures) kinds.set(failure, (kinds.get(failure) ?? 0) + 1)
for (const [failure, count] of kinds) console.error(`${count} x ${failure}`)
process.exit(failures.length > 0 ? 1 : 0)
