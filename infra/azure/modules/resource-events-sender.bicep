// Lets a system topic put messages into one queue of the app's storage account, and into none of the others: whoever may
// write to those gives orders to the app.

param storageAccountName string
param queueName string

@description('The system topic\'s identity.')
param principalId string

var roles = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccountName

  resource queues 'queueServices' existing = {
    name: 'default'

    resource events 'queues' existing = {
      name: queueName
    }
  }
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::queues::events.id, principalId, 'Storage Queue Data Message Sender')
  scope: account::queues::events
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Queue Data Message Sender']
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
