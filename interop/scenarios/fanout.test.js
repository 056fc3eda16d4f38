import assert from 'node:assert/strict'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010008'
const BORIS = '15550020008'

scenario('a second linked device gets everything too, once', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const first = await stage.linked(ANNA, 'Anna')
    const second = stage.client()
    await second.pairByQr(ANNA)
    assert.notEqual(first.me.jid, second.me.jid)
    assert.equal((await network.account(ANNA)).devices.length, 2)

    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'to both of you' })
    await Promise.all([first.text('to both of you'), second.text('to both of you')])

    // What one device writes, the other shows as written by its owner, with the chat it belongs to.
    const sent = await first.wa.sendMessage(`${BORIS}@s.whatsapp.net`, 'from the first')
    await network.received(BORIS, 'from the first')
    const copy = await second.text('from the first')
    assert.equal(copy.stanzaId, sent.id)
    await second.wa.sendMessage(`${BORIS}@s.whatsapp.net`, 'from the second')
    await network.received(BORIS, 'from the second')
    await first.text('from the second')

    await until('one entry a message with Boris', async () => (await network.inbox(BORIS)).length >= 2)
    for (const client of [first, second]) {
        const texts = client.all('message').map((event) => textOf(event.message)).filter(Boolean)
        assert.equal(new Set(texts).size, texts.length, 'no message is seen twice')
    }
    assert.equal((await network.inbox(BORIS)).filter(({ body }) => body === 'from the first').length, 1)
})
