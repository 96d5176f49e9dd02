// The echo bot of the Microsoft Agents SDK's own README (an agent with a counter in conversation state), behind
// express as its hosting packages do it. No client id is configured, so nothing is authenticated.
import { AgentApplication, MemoryStorage, createCloudAdapter } from '@microsoft/agents-hosting'
import express from 'express'

const echo = new AgentApplication({ storage: new MemoryStorage() })
echo.onActivity('message', async (context, state) => {
  const counter = state.getValue('conversation.counter') || 0
  await context.sendActivity(`[${counter}] You said: ${context.activity.text}`)
  state.setValue('conversation.counter', counter + 1)
})
// Without a handler for the end of a turn the SDK does not save what the turn changed.
echo.onTurn('afterTurn', async () => true)

const { adapter, headerPropagation } = createCloudAdapter(echo, {})
const app = express()
app.use(express.json())
app.post('/api/messages', (request, response) =>
  adapter.process(request, response, (context) => echo.run(context), headerPropagation))

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening 127.0.0.1:${server.address().port}`)
})
