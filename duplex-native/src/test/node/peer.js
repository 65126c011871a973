/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A WebSocket peer that others have written, for WebSocketNodeTests. It tells what it sees, a line each.
 *
 * node peer.js server        listens, tells "port N", and echoes
 * node peer.js client URL    talks to an echo
 */
'use strict'

const path = require('path')
const { createRequire } = require('module')

// The package is installed under target/, not beside this file.
const ws = createRequire(path.join(process.cwd(), 'package.json'))('ws')

const tell = (line) => console.log(line)

function server () {
  const options = { host: '127.0.0.1', port: 0, perMessageDeflate: true }
  options.handleProtocols = (offered) => (offered.has('v2') ? 'v2' : false)
  options.verifyClient = (info, answer) =>
    (info.req.url === '/private' ? answer(false, 401, 'who are you?') : answer(true))
  const server = new ws.WebSocketServer(options)
  server.on('listening', () => tell('port ' + server.address().port))
  server.on('connection', (socket, request) => {
    tell(`connected ${request.url} extensions=${socket.extensions} protocol=${socket.protocol}` +
        ` origin=${request.headers.origin}`)
    socket.on('message', (data, isBinary) => {
      if (isBinary || data.length !== 7 || data.toString() !== 'goodbye') {
        socket.send(data, { binary: isBinary })
      } else {
        socket.close(4001, 'as you like')
      }
    })
    socket.on('pong', (data) => tell('pong ' + data))
    socket.ping('right behind the handshake')
    socket.on('close', (code, reason) => tell(`closed ${code} ${reason}`))
    socket.on('error', (error) => tell('error ' + error.message))
  })
}

function client (url) {
  const socket = new ws.WebSocket(url, ['v1', 'v2'], { origin: 'https://example.org', perMessageDeflate: true })
  const large = Buffer.alloc(1 << 20, 'x')
  const steps = [
    () => socket.send('gr\u00fc\u00df dich'),
    () => socket.send(Buffer.from([0, 1, 2, 255])),
    () => {
      socket.send('one, ', { fin: false })
      socket.send('two, ', { fin: false })
      socket.ping('between fragments')
      socket.send('three', { fin: true })
    },
    () => socket.send(large),
    () => socket.send(''),
    () => socket.close(4000, 'enough')
  ]
  const next = () => steps.shift()()
  socket.on('open', () => {
    tell(`open extensions=${socket.extensions} protocol=${socket.protocol}`)
    next()
  })
  socket.on('message', (data, isBinary) => {
    const same = data.equals(large)
    tell(`${isBinary ? 'binary' : 'text'} ${same ? 'large' : isBinary ? data.toString('hex') : data}`)
    next()
  })
  socket.on('pong', (data) => tell('pong ' + data))
  socket.on('unexpected-response', (request, response) => {
    response.setEncoding('utf8')
    response.on('data', (text) => tell(`refused ${response.statusCode} ${text.trim()}`))
  })
  socket.on('close', (code, reason) => tell(`closed ${code} ${reason}`))
  socket.on('error', (error) => tell('error ' + error.message))
}

if (process.argv[2] === 'server') {
  server()
} else {
  client(process.argv[3])
}
