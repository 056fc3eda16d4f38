import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010003'
const BORIS = '15550020003'

scenario('a stored device resumes with an IK handshake', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const first = await stage.linked(ANNA, 'Anna')
    const before = first.me
    await first.disconnect()
    await until('the server to see the socket closed', async () => !(await network.account(ANNA)).devices[0].connected)

    const second = stage.client({ memory: first.memory })
    await second.connect()
    await second.ready()
    assert.deepEqual(second.me, before)
    assert.equal(second.all('auth_paired').length, 0)
    assert.ok(second.heard('noise resume handshake successful without fallback'))
    assert.ok(!second.heard('noise session starting full handshake (XX)'))

    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'still there?' })
    await second.text('still there?')

    const { lines } = await network.trace()
    const handshakes = lines.map(({ text }) => text).filter((text) => text.endsWith(' handshake'))
    assert.deepEqual(handshakes, ['XX handshake', 'IK handshake', 'IK handshake'], 'to pair, after it, and again')

    const { devices } = await network.account(ANNA)
    assert.equal(devices.length, 1, 'the same device, not a new one')
    const { connections } = await network.ledger()
    assert.ok(connections.length >= 2)
    assert.equal(connections.filter((connection) => connection.until === null).length, 1)
})
