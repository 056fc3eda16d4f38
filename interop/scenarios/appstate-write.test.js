import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010016'
const BORIS = '15550020016'

scenario('what one device changes in the app state, the server verifies and the others apply', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const first = await stage.linked(ANNA, 'Anna')
    const second = stage.client()
    await second.pairByQr(ANNA)
    const { lid } = await network.account(BORIS)
    const applied = (client, action, value) =>
        client.waitFor(
            'chat_event',
            (event) => event.action === action && event.source === 'patch' && event.chatJid === lid && value(event),
            `${action} of the chat with Boris`
        )

    // The server checks hash and MACs of what the library writes; it would refuse the patch otherwise.
    await first.wa.chat.setChatMute(lid, true, Date.now() + 3_600_000)
    await applied(second, 'mute', (event) => event.muted === true)
    await second.wa.chat.setChatPin(lid, true)
    await applied(first, 'pin', (event) => event.pinned === true)

    // One after the other: version 0.3.0 does not take the patches that come with a conflict.
    await first.wa.chat.setChatMute(lid, false)
    await applied(second, 'mute', (event) => event.muted === false)
    await second.wa.chat.setMessageStar(key(lid), true)
    await first.waitFor('chat_event', (event) => event.action === 'star', 'the star')

    // The phone shows what they said, and goes on from there.
    const shown = async () => (await network.get(`/accounts/${ANNA}/chats`)).data.find(({ chat }) => chat === `${BORIS}@s.whatsapp.net`)
    assert.equal((await shown()).pinned, true)
    assert.equal((await shown()).mutedUntil, 0)
    await network.post(`/accounts/${ANNA}/chats`, { chat: lid, archived: true })
    await applied(first, 'archive', (event) => event.archived === true)
    assert.equal((await shown()).archived, true)
    await network.post(`/accounts/${ANNA}/addressbook`, { phone: BORIS, name: 'Boris' })
    for (const client of [first, second]) {
        await until('the new name', () =>
            client.mutations.some((mutation) => mutation.value?.contactAction?.fullName === 'Boris')
        )
    }

    // What changed while a device was away, it learns when it comes back, whoever changed it.
    await second.disconnect()
    const marks = new Map([first, second].map((client) => [client, client.all('chat_event').length]))
    const since = (client, action, value) =>
        until(`${action} after the break`, () =>
            client.all('chat_event').slice(marks.get(client)).some((event) => event.action === action && value(event))
        )
    await network.post(`/accounts/${ANNA}/chats`, { chat: lid, archived: false })
    await since(first, 'archive', (event) => event.archived === false)
    await first.wa.chat.setChatPin(lid, false)
    await second.connect()
    await since(second, 'archive', (event) => event.archived === false)
    await since(second, 'pin', (event) => event.pinned === false)
    await second.quiet()

    const [one, other] = await Promise.all([first.wa.exportAppState(), second.wa.exportAppState()])
    for (const [name, collection] of Object.entries(one.collections)) {
        assert.equal(other.collections[name].version, collection.version, name)
        assert.deepEqual(Buffer.from(other.collections[name].hash), Buffer.from(collection.hash), name)
    }
})

function key(chatJid) {
    return { chatJid, id: '3EB0000000000000000001', fromMe: true }
}
