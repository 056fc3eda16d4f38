import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010004'
const BORIS = '15550020004'

scenario('text goes both ways, with receipts', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')

    // Person to client: first contact is a prekey message, the rest ratchet on.
    const { waMessageId } = await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'привет 👋' })
    const event = await client.text('привет 👋')
    assert.equal(event.stanzaId, waMessageId)
    assert.equal(event.encryptionType, 'pkmsg')
    assert.match(event.chatJid, /^\d+@lid$/, 'a migrated account writes from its LID')
    assert.equal(event.rawNode.attrs.sender_pn, `${BORIS}@s.whatsapp.net`)
    assert.equal(event.rawNode.attrs.notify, 'Boris')

    // Client to person, to the number and to the LID: both are Boris.
    const toNumber = await client.wa.sendMessage(`${BORIS}@s.whatsapp.net`, 'hello Boris')
    const entry = await network.received(BORIS, 'hello Boris')
    assert.equal(entry.waMessageId, toNumber.id)
    assert.equal(entry.type, 'text')
    await client.wa.sendMessage(event.chatJid, 'and to your LID')
    await network.received(BORIS, 'and to your LID')

    const receiptFor = (id, type) => (receipt) =>
        receipt.rawNode.attrs.id === id && receipt.stanzaType === type
    await client.waitFor('message_receipt', receiptFor(toNumber.id, undefined), 'a delivery receipt')
    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'receipt', waMessageIds: [toNumber.id], kind: 'read' })
    await client.waitFor('message_receipt', receiptFor(toNumber.id, 'read'), 'a read receipt')

    // The ratchet turns with every change of direction.
    for (let turn = 1; turn <= 4; turn += 1) {
        await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: `question ${turn}` })
        await client.text(`question ${turn}`)
        await client.wa.sendMessage(event.chatJid, `answer ${turn}`)
        await network.received(BORIS, `answer ${turn}`)
    }
    assert.equal(client.all('message').at(-1).encryptionType, 'msg', 'an established session needs no prekey message')

    await until('the receipt of the client in the ledger', async () => {
        const { messages } = await network.ledger()
        return messages.find((message) => message.waMessageId === waMessageId)?.receipts.length > 0
    })
    const { messages } = await network.ledger()
    const told = messages.find((message) => message.waMessageId === toNumber.id)
    assert.equal(told.acked, true)
    assert.deepEqual(told.bodies, ['hello Boris'])
    assert.deepEqual(
        told.deliveries.map(({ device, count }) => [device, count]),
        [[`${ANNA}:0`, 1], [`${BORIS}:0`, 1]],
        'to the other phone and to our own'
    )
})
