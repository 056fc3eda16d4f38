import assert from 'node:assert/strict'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010014'
const BORIS = '15550020014'

scenario('a cut socket costs nothing: the client resumes and reads what it missed', async (stage) => {
    const { network } = stage
    stage.expected.push(/socket|comms|reconnect|stream/i)
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const logins = () => client.all('connection_success').length
    const write = (text) => network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text })

    await network.post('/faults', { kind: 'drop_socket', phone: ANNA })
    await write('while the line was down')
    await until('a second login', () => logins() === 2)
    await client.text('while the line was down')

    await network.post('/faults', { kind: 'stream_error', phone: ANNA, code: 503 })
    await write('while the server restarted')
    await until('a third login', () => logins() === 3)
    await client.text('while the server restarted')

    const { devices } = await network.account(ANNA)
    assert.deepEqual(devices.map((device) => device.connected), [true])
    const texts = client.all('message').map((event) => textOf(event.message)).filter(Boolean)
    assert.equal(new Set(texts).size, texts.length, 'no message is seen twice')
    assert.equal(await replaced(network, stage, client), 'stream_error_replaced')
})

scenario('a socket that stands and says nothing is given up', async (stage) => {
    const { network } = stage
    stage.expected.push(/socket|comms|reconnect|stream|keepalive|quer|passive/i)
    await network.person(BORIS, 'Boris')
    await network.person(ANNA, 'Anna')
    const client = stage.client({ settings: { keepAliveIntervalMs: 400, deadSocketTimeoutMs: 1_200 } })
    await client.pairByQr(ANNA)

    await network.post('/faults', { kind: 'half_open', phone: ANNA })
    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'into the void' })
    await until('a second login', () => client.all('connection_success').length === 2)
    await client.text('into the void')
})

/** A second socket of the same device takes the place of the first, which must not come back. */
async function replaced(network, stage, client) {
    await network.post('/faults', { kind: 'stream_error', phone: ANNA, code: 'replaced' })
    const closed = await client.waitFor('connection', (event) => event.status === 'close', 'the end of the connection')
    assert.equal(closed.isLogout, false)
    return closed.reason
}
