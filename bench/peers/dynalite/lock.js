// lock.js: the lock's conditional put, as many times a second as dynalite serves it.
//
// The server runs in a process of its own, its tables in memory; this one sends requests over
// CONNECTIONS kept-alive connections, each the next as soon as it has the answer. Every put meets
// an expired lock, so every one is written, as in bench_dynalite.c. Printed are requests a second
// of wall time, and of the server's own CPU time, which a faster client could not exceed.
//
// usage: node lock.js [seconds]
'use strict'
const http = require('http')
const { fork } = require('child_process')

const CONNECTIONS = 16
const TABLE = 'tracking'

if (process.argv[2] === 'serve') {
  serve()
} else {
  main(Number(process.argv[2] || 3)).catch((error) => {
    console.error(`lock.js: ${error.message}`)
    process.exit(3)
  })
}

function serve() {
  const server = require('dynalite')({ createTableMs: 0 })
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpu: (user + system) / 1e6 })
  })
}

function answer(child) {
  return new Promise((resolve) => child.once('message', resolve))
}

function cpuOf(child) {
  const said = answer(child)
  child.send('cpu')
  return said.then((message) => message.cpu)
}

function call(agent, port, operation, request) {
  const body = JSON.stringify(request)
  const headers = {
    'Content-Type': 'application/x-amz-json-1.0',
    'Content-Length': Buffer.byteLength(body),
    'X-Amz-Target': `DynamoDB_20120810.${operation}`,
    'X-Amz-Date': '20260130T080000Z',
    Authorization:
      'AWS4-HMAC-SHA256 Credential=bench/20260130/us-east-1/dynamodb/aws4_request, ' +
      'SignedHeaders=host, Signature=0',
  }
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, method: 'POST', path: '/', headers }
    const sent = http.request(options, (response) => {
      const parts = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${operation}: ${response.statusCode} ${text}`))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const createTable = {
  TableName: TABLE,
  KeySchema: [
    { AttributeName: 'date_prefix', KeyType: 'HASH' },
    { AttributeName: 'file_key', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'date_prefix', AttributeType: 'S' },
    { AttributeName: 'file_key', AttributeType: 'S' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
}

const putLock = {
  TableName: TABLE,
  Item: {
    created_at: { S: '2026-01-30T05:00:00.000000+00:00' },
    date_prefix: { S: 'LOCK#manifest-2026-01-30' },
    file_key: { S: 'LOCK' },
    lock_id: { S: '2026/01/30/[$LATEST]0123456789abcdef_1769763600000' },
    ttl: { N: '1769763900' },
  },
  ConditionExpression: 'attribute_not_exists(date_prefix) OR #ttl < :now',
  ExpressionAttributeNames: { '#ttl': 'ttl' },
  ExpressionAttributeValues: { ':now': { N: '1769763901' } },
}

async function main(seconds) {
  const child = fork(__filename, ['serve'])
  const { port } = await answer(child)
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const run = async (until) => {
    let puts = 0
    const client = async () => {
      while (process.hrtime.bigint() < until) {
        await call(agent, port, 'PutItem', putLock)
        puts++
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, client))
    return puts
  }
  const after = (s) => process.hrtime.bigint() + BigInt(Math.round(s * 1e9))
  await call(agent, port, 'CreateTable', createTable)
  for (;;) {
    const { Table } = await call(agent, port, 'DescribeTable', { TableName: TABLE })
    if (Table.TableStatus === 'ACTIVE') break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await run(after(seconds / 3)) // until it is compiled
  const cpu = await cpuOf(child)
  const start = process.hrtime.bigint()
  const puts = await run(after(seconds))
  const wall = Number(process.hrtime.bigint() - start) / 1e9
  const spent = (await cpuOf(child)) - cpu
  console.log(`${Math.round(puts / wall)} ${Math.round(puts / spent)}`)
  agent.destroy()
  child.kill()
}
