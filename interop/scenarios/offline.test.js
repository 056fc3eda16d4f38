import assert from 'node:assert/strict'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010010'
const BORIS = '15550020010'
const QUEUED = ['while you were away', 'another', 'and a last one']

scenario('what was written meanwhile comes after the reconnect, in order and once', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const first = await stage.linked(ANNA, 'Anna')
    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'before' })
    await first.text('before')
    await first.disconnect()
    await until('the server to see the socket closed', async () => !(await network.account(ANNA)).devices[0].connected)
    for (const text of QUEUED) await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text })

    const second = stage.client({ memory: first.memory })
    await second.connect()
    for (const text of QUEUED) await second.text(text)
    // In the order of the server's numbering. The library's own is not asked, nor its event of the end:
    // frames that come while its handshake ends can overtake those that came before.
    const queued = second.all('message').sort((a, b) => a.rawNode.attrs.offline - b.rawNode.attrs.offline)
    assert.deepEqual(queued.map((event) => event.rawNode.attrs.offline), ['0', '1', '2'])
    assert.deepEqual(queued.map((event) => textOf(event.message)), QUEUED)

    // Acknowledged once, gone for good: a third connection finds an empty queue.
    await until('the receipts in the ledger', async () => {
        const { messages } = await network.ledger()
        return messages.filter((message) => message.receipts.length > 0).length === QUEUED.length + 1
    })
    await second.disconnect()
    await until('the server to see the socket closed', async () => !(await network.account(ANNA)).devices[0].connected)
    const third = stage.client({ memory: first.memory })
    await third.connect()
    await third.ready()
    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'welcome back' })
    await third.text('welcome back')
    assert.deepEqual(third.all('message').map((event) => textOf(event.message)), ['welcome back'])
})
