import assert from 'node:assert/strict'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010017'
const BORIS = '15550020017'

scenario('a network that is killed forgets nothing it has said', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const first = await stage.linked(ANNA, 'Anna')
    const write = (text) => network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text })
    await write('before the kill')
    const { chatJid } = await first.text('before the kill')
    await first.wa.sendMessage(chatJid, 'acknowledged before the kill')
    const { groupJid } = await network.post('/groups', { subject: 'Survivors', owner: BORIS, members: [ANNA] })
    await network.post(`/accounts/${BORIS}/send`, { to: groupJid, type: 'text', text: 'with a sender key' })
    await first.text('with a sender key')
    await first.disconnect()
    await until('the server to see the socket closed', async () => !(await network.account(ANNA)).devices[0].connected)
    await write('waiting while the network dies')
    await network.post(`/accounts/${ANNA}/addressbook`, { phone: BORIS, name: 'Boris the Survivor' })

    await network.crashAndRestart()

    await network.received(BORIS, 'acknowledged before the kill')
    const second = stage.client({ memory: first.memory })
    await second.connect()
    await second.ready()
    assert.ok(second.heard('noise resume handshake successful without fallback'), 'the same server key')
    await second.text('waiting while the network dies')
    await until('the name saved before the kill', () =>
        second.mutations.some((mutation) => mutation.value?.contactAction?.fullName === 'Boris the Survivor')
    )
    // Ratchets and sender keys of the people went on from where they were.
    await write('after the kill')
    assert.equal((await second.text('after the kill')).encryptionType, 'msg')
    await network.post(`/accounts/${BORIS}/send`, { to: groupJid, type: 'text', text: 'the sender key goes on' })
    assert.equal((await second.text('the sender key goes on')).encryptionType, 'skmsg')
    await second.wa.sendMessage(groupJid, 'from the client')
    await network.received(BORIS, 'from the client')

    const seen = [first, second].flatMap((client) => client.all('message').map((event) => textOf(event.message)).filter(Boolean))
    assert.equal(new Set(seen).size, seen.length, 'no message is seen twice')
})
