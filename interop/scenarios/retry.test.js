import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010012'
const BORIS = '15550020012'

scenario('people encrypt again for a client that has lost its keys', async (stage) => {
    const { network } = stage
    // What the client says when it cannot read is the point of this scenario.
    stage.expected.push(/failed to decrypt incoming message/, /decrypt_failed/)
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const write = (to, text) => network.post(`/accounts/${BORIS}/send`, { to, type: 'text', text })

    await write(ANNA, 'with a new session')
    const { chatJid } = await client.text('with a new session')
    const { groupJid } = await network.post('/groups', { subject: 'Keys', owner: BORIS, members: [ANNA] })
    await write(groupJid, 'with the sender key')
    await client.text('with the sender key')
    // Replying confirms the session, so that the next message is no prekey message.
    await client.wa.sendMessage(chatJid, 'confirmed')
    await network.received(BORIS, 'confirmed')
    await write(ANNA, 'on the ratchet')
    assert.equal((await client.text('on the ratchet')).encryptionType, 'msg')

    await client.store.session.clear()
    const lost = await write(ANNA, 'asked for twice')
    const again = await client.text('asked for twice')
    assert.equal(again.stanzaId, lost.waMessageId)
    assert.equal(again.encryptionType, 'pkmsg')

    await client.store.senderKey.clear()
    const lostInGroup = await write(groupJid, 'asked for twice, in the group')
    const againInGroup = await client.text('asked for twice, in the group')
    assert.equal(againInGroup.stanzaId, lostInGroup.waMessageId)
    await write(groupJid, 'as before')
    assert.equal((await client.text('as before')).encryptionType, 'skmsg')
})

scenario('what arrives damaged is asked for again, in a chat and in a group', async (stage) => {
    const { network } = stage
    stage.expected.push(/failed to decrypt incoming message/, /decrypt_failed/)
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const { groupJid } = await network.post('/groups', { subject: 'Noise', owner: BORIS, members: [ANNA] })
    await client.quiet()
    // Once beforehand: version 0.3.0 takes a message for read when the sender key that came with it was.
    await network.post(`/accounts/${BORIS}/send`, { to: groupJid, type: 'text', text: 'with the key' })
    await client.text('with the key')
    for (const to of [ANNA, groupJid]) {
        await network.post('/faults', { kind: 'bad_ciphertext', phone: ANNA, count: 1 })
        const text = `damaged on its way to ${to}`
        const { waMessageId } = await network.post(`/accounts/${BORIS}/send`, { to, type: 'text', text })
        assert.equal((await client.text(text)).stanzaId, waMessageId)
    }
})
