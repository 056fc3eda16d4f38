import assert from 'node:assert/strict'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010005'
const BORIS = '15550020005'
const CHIDI = '15550030005'
const DANA = '15550040005'

scenario('group messages go both ways by sender keys, and joiners can read on', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    await network.person(CHIDI, 'Chidi')
    await network.person(DANA, 'Dana')
    const client = await stage.linked(ANNA, 'Anna')
    const { groupJid } = await network.post('/groups', { subject: 'Harbour 港', owner: BORIS, members: [ANNA, CHIDI] })

    await client.waitFor('group_event', (event) => event.groupJid === groupJid && event.action === 'create', 'the new group')
    const metadata = await client.wa.group.queryGroupMetadata(groupJid)
    assert.equal(metadata.subject, 'Harbour 港')
    assert.equal(metadata.participants.length, 3)
    assert.equal(metadata.participants.filter((participant) => participant.isAdmin).length, 1)
    const all = await client.wa.group.queryAllGroups()
    assert.equal(all.length, 1)

    for (const text of ['first with the key', 'second without']) {
        await network.post(`/accounts/${BORIS}/send`, { to: groupJid, type: 'text', text })
        const event = await client.text(text)
        assert.equal(event.chatJid, groupJid)
        assert.equal(event.isGroupChat, true)
        assert.equal(event.encryptionType, 'skmsg')
    }
    for (const text of ['from the client', 'and again']) {
        await client.wa.sendMessage(groupJid, text)
        for (const member of [BORIS, CHIDI]) {
            assert.equal((await network.received(member, text)).chat, groupJid)
        }
    }

    await network.post(`/groups/${groupJid}/members`, { by: BORIS, phones: [DANA] })
    await client.waitFor('group_event', (event) => event.action === 'add', 'the new member')
    await client.wa.sendMessage(groupJid, 'welcome')
    await network.received(DANA, 'welcome')
    await network.post(`/accounts/${DANA}/send`, { to: groupJid, type: 'text', text: 'thank you' })
    await client.text('thank you')

    await network.call('PATCH', `/groups/${groupJid}`, { by: BORIS, subject: 'Harbour' })
    await client.waitFor('group_event', (event) => event.action === 'subject' && event.subject === 'Harbour', 'the new subject')
    await network.delete(`/groups/${groupJid}/members/${DANA}?by=${BORIS}`)
    await client.waitFor('group_event', (event) => event.action === 'remove', 'the removal')
    const seen = (await network.inbox(DANA)).length
    await client.wa.sendMessage(groupJid, 'without Dana')
    await network.received(CHIDI, 'without Dana')
    assert.equal((await network.inbox(DANA)).length, seen, 'who was removed reads no more')

    const texts = client.all('message').map((event) => textOf(event.message)).filter(Boolean)
    assert.equal(new Set(texts).size, texts.length, 'no message is seen twice')
})
