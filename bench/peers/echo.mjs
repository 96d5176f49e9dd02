// A WebSocket server that sends every message back, on `ws` with its defaults.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
  console.log(`listening 127.0.0.1:${server.address().port}`)
})
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', () => socket.terminate())
})
