// Lets a system topic put messages into the queues of the app's storage account. On the account and not on the one queue:
// Event Grid looks for its rights there when a subscription is made.

param storageAccountName string

@description('The system topic\'s identity.')
param principalId string

var roles = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccountName
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, 'Storage Queue Data Message Sender')
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Queue Data Message Sender']
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
