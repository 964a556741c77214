// Tells the app of changes in one subscription: a system topic there, in a resource group of its own, that puts events
// into a queue of the app's storage account.
//
// A queue, and not the app itself: an event subscription that calls a function can be made only once the function is
// deployed. Azure allows one such topic for a subscription; where there is one, subscribe to it with
// resource-events-delivery.bicep.

targetScope = 'subscription'

param groupName string
param topicName string
param location string
param tags object
param storageSubscriptionId string
param storageGroupName string
param storageAccountName string
param queueName string

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: groupName
  location: location
  tags: tags
}

module topic 'resource-events-topic.bicep' = {
  name: 'topic'
  scope: group
  params: {
    name: topicName
    tags: tags
  }
}

module sender 'resource-events-sender.bicep' = {
  name: 'sender-${uniqueString(subscription().id)}'
  scope: resourceGroup(storageSubscriptionId, storageGroupName)
  params: {
    storageAccountName: storageAccountName
    queueName: queueName
    principalId: topic.outputs.principalId
  }
}

module delivery 'resource-events-delivery.bicep' = {
  name: 'delivery'
  scope: group
  params: {
    topicName: topicName
    storageAccountId: resourceId(
      storageSubscriptionId,
      storageGroupName,
      'Microsoft.Storage/storageAccounts',
      storageAccountName
    )
    queueName: queueName
  }
  // Event Grid looks whether the topic may write when the subscription to it is made.
  dependsOn: [
    sender
  ]
}
