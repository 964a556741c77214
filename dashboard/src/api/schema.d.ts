// Written by `npm run types` from the API's own description. A test holds it to that; do not edit.
export interface paths {
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["Description_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The subscriptions in which the caller may see a vault */
        get: operations["Subscriptions_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tenant whose tokens are accepted */
        get: operations["Tenants_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resources": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The vaults of a subscription, as generic resources */
        get: operations["Resources_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/resources": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
            };
            cookie?: never;
        };
        /** The vaults of a resource group, as generic resources */
        get: operations["Resources_ListByResourceGroup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The resource providers of this API: one */
        get: operations["Providers_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The resource provider with its api versions */
        get: operations["Providers_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/providers/Microsoft.DataProtection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The resource provider */
        get: operations["Providers_GetAtTenantScope"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/register": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Nothing needs to be done: the provider is always registered */
        post: operations["Providers_Register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/providers/Microsoft.DataProtection/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every action that a role can grant */
        get: operations["DataProtectionOperations_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/providers/Microsoft.ResourceGraph/resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The vaults, instances or jobs that the caller may see, by the queries of `az dataprotection` */
        post: operations["Resources_Query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/{location}/checkFeatureSupport": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a kind of data source is supported */
        post: operations["DataProtection_CheckFeatureSupport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/checkNameAvailability": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a vault may be created under a name */
        post: operations["BackupVaults_CheckNameAvailability"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/{location}/deletedVaults": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                location: string;
            };
            cookie?: never;
        };
        /** Always empty: an empty vault is deleted for good */
        get: operations["DeletedBackupVaults_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/{location}/deletedVaults/{vault}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                location: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Never found: an empty vault is deleted for good */
        get: operations["DeletedBackupVaults_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/backupVaults": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The vaults that the caller may see in a subscription */
        get: operations["BackupVaults_GetInSubscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
            };
            cookie?: never;
        };
        /** The vaults that the caller may see in a resource group */
        get: operations["BackupVaults_GetInResourceGroup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** A vault with its settings */
        get: operations["BackupVaults_Get"];
        /** Create a vault, or change its settings; what is left out stays as it is */
        put: operations["BackupVaults_CreateOrUpdate"];
        post?: never;
        /** Delete an empty vault */
        delete: operations["BackupVaults_Delete"];
        options?: never;
        head?: never;
        /** Change a vault's tags and settings */
        patch: operations["BackupVaults_Update"];
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/providers/Microsoft.Resources/tags/default": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The tags of a vault */
        get: operations["Tags_GetAtScope"];
        /** Replace all tags of a vault */
        put: operations["Tags_CreateOrUpdateAtScope"];
        post?: never;
        /** Remove all tags from a vault */
        delete: operations["Tags_DeleteAtScope"];
        options?: never;
        head?: never;
        /** Change some tags of a vault */
        patch: operations["Tags_UpdateAtScope"];
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/resourceGuards": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The resource guards of a subscription */
        get: operations["ResourceGuards_GetResourcesInSubscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/resourceGuards": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
            };
            cookie?: never;
        };
        /** The resource guards of a resource group */
        get: operations["ResourceGuards_GetResourcesInResourceGroup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/resourceGuards/{guard}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
            };
            cookie?: never;
        };
        /** A resource guard with what it guards */
        get: operations["ResourceGuards_Get"];
        /** Create a resource guard, or change what it guards */
        put: operations["ResourceGuards_Put"];
        post?: never;
        /** Delete a resource guard that guards no vault */
        delete: operations["ResourceGuards_Delete"];
        options?: never;
        head?: never;
        /** Change a resource guard's tags */
        patch: operations["ResourceGuards_Patch"];
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/resourceGuards/{guard}/{requests}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
                requests: string;
            };
            cookie?: never;
        };
        /** What is named to ask for leave: one for each kind */
        get: operations["ResourceGuards_ListRequests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/resourceGuards/{guard}/{requests}/{request}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
                requests: string;
                request: string;
            };
            cookie?: never;
        };
        /** What is named to ask for leave */
        get: operations["ResourceGuards_GetRequest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupResourceGuardProxies": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The mapping of a vault to its resource guard: one or none */
        get: operations["DppResourceGuardProxy_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupResourceGuardProxies/{proxy}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                proxy: string;
            };
            cookie?: never;
        };
        /** The mapping of a vault to its resource guard */
        get: operations["DppResourceGuardProxy_Get"];
        /** Have a resource guard guard a vault: what destroys takes two people from then on */
        put: operations["DppResourceGuardProxy_CreateOrUpdate"];
        post?: never;
        /** Guard a vault no more, once another person has unlocked that */
        delete: operations["DppResourceGuardProxy_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupResourceGuardProxies/{proxy}/unlockDelete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                proxy: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Unlock a critical operation for another person, for half an hour */
        post: operations["DppResourceGuardProxy_UnlockDelete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupPolicies": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The policies of a vault */
        get: operations["BackupPolicies_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupPolicies/{policy}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        /** A policy */
        get: operations["BackupPolicies_Get"];
        /** Create a policy, or change what it says of future backups */
        put: operations["BackupPolicies_CreateOrUpdate"];
        post?: never;
        /** Delete a policy that no instance uses */
        delete: operations["BackupPolicies_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupPolicies/{policy}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a policy, stored or as a draft, will do: slots, recovery points, limits */
        post: operations["BackupPolicies_Preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupPolicies/{policy}/previewChange": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a draft in place of the policy would mean for the disks that follow it */
        post: operations["BackupPolicies_PreviewChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupPolicies/{policy}/forecastQuotas": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** When limits of Azure are met with a policy changed, or given to more disks */
        post: operations["BackupPolicies_ForecastQuotas"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupPolicies/{policy}/estimateCost": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What the recovery points of a policy, stored or as a draft, would cost for a disk */
        post: operations["BackupPolicies_EstimateCost"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/{location}/forecastQuotas": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** When limits of Azure are met in a subscription and region */
        post: operations["Quotas_Forecast"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/unprotectedDisks": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The disks of a subscription that nothing backs up */
        get: operations["UnprotectedDisks_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/protectionGaps": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Protected disks whose policy misses their objective, or of which one recovery point is all there is */
        get: operations["ProtectionGaps_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/dryRunImport": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What would come over from a vault of Azure Disk Backup, and why what would not */
        post: operations["BackupVaults_DryRunImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/importVault": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Move the instances of a vault of Azure Disk Backup over, with their recovery points */
        post: operations["BackupVaults_ImportVault"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/undoImport": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give back to Azure Disk Backup what came over */
        post: operations["BackupVaults_UndoImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/finishImport": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delete in Azure Disk Backup the instances that came over and have no snapshot left there */
        post: operations["BackupVaults_FinishImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/dryRunAdoption": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Which snapshots that scripts took would become recovery points by a rule, and why others would not */
        post: operations["BackupVaults_DryRunAdoption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/adoptSnapshots": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make recovery points of snapshots that scripts took, by a rule */
        post: operations["BackupVaults_AdoptSnapshots"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/undoAdoption": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let go of snapshots that were adopted; they stay */
        post: operations["BackupVaults_UndoAdoption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/protectionRules": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The rules by which a vault protects disks by their tags */
        get: operations["ProtectionRules_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/protectionRules/{rule}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                rule: string;
            };
            cookie?: never;
        };
        /** A protection rule */
        get: operations["ProtectionRules_Get"];
        /** Protect the disks of a scope that have certain tags; applied within a minute */
        put: operations["ProtectionRules_CreateOrUpdate"];
        post?: never;
        /** Delete a rule; protection that no other rule asks for stops, and the recovery points are kept */
        delete: operations["ProtectionRules_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/protectionRules/{rule}/dryRun": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                rule: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What the rule of the body, or the stored one, would do with each disk, and why */
        post: operations["ProtectionRules_DryRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/restoreTestPlans": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The plans by which recovery points of a vault are tested */
        get: operations["RestoreTestPlans_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/restoreTestPlans/{plan}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        /** A restore-test plan */
        get: operations["RestoreTestPlans_Get"];
        /** Restore recovery points to temporary disks by a schedule, look at them, and delete them again */
        put: operations["RestoreTestPlans_CreateOrUpdate"];
        post?: never;
        /** Delete a plan; tests that have begun go on to their end */
        delete: operations["RestoreTestPlans_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/restoreTestPlans/{plan}/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What the plan of the body, or the stored one, would test next, and what a month of it would cost */
        post: operations["RestoreTestPlans_Estimate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/restoreTestPlans/{plan}/run": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin a run of a plan now */
        post: operations["RestoreTestPlans_Run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/copyRules": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The rules by which recovery points are copied to other regions */
        get: operations["CopyRules_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/copyRules/{copyrule}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                copyrule: string;
            };
            cookie?: never;
        };
        /** A copy rule */
        get: operations["CopyRules_Get"];
        /** Copy the recovery points of a policy's tags to another region from now on */
        put: operations["CopyRules_CreateOrUpdate"];
        post?: never;
        /** Copy no more by a rule, nor what waits still; what was copied is kept as long as it was promised */
        delete: operations["CopyRules_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The protected disks of a vault */
        get: operations["BackupInstances_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstanceStandings": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Where each protected disk of a vault stands against its objective */
        get: operations["BackupInstanceStandings_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        /** A protected disk */
        get: operations["BackupInstances_Get"];
        /** Protect a disk, or move it to another policy */
        put: operations["BackupInstances_CreateOrUpdate"];
        post?: never;
        /** End a disk's protection; softly where the vault says so */
        delete: operations["BackupInstances_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/validateForBackup": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Would this protection work? */
        post: operations["BackupInstances_ValidateForBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/validateForModifyBackup": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Would this change work? */
        post: operations["BackupInstances_ValidateForModifyBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/validateRestore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Would this restore work? */
        post: operations["BackupInstances_ValidateForRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/estimateCost": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What the recovery points that a protected disk has and will have cost */
        post: operations["BackupInstances_EstimateCost"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/stopProtection": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keep all recovery points and take no more */
        post: operations["BackupInstances_StopProtection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/suspendBackups": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take no more backups; recovery points go on expiring */
        post: operations["BackupInstances_SuspendBackups"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/resumeProtection": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Back up and expire again */
        post: operations["BackupInstances_ResumeProtection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/resumeBackups": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Back up and expire again */
        post: operations["BackupInstances_ResumeBackups"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/sync": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Look at the disk again */
        post: operations["BackupInstances_SyncBackupInstance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/deletedBackupInstances": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Instances that can be undeleted */
        get: operations["DeletedBackupInstances_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/deletedBackupInstances/{instance}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        /** An instance that can be undeleted */
        get: operations["DeletedBackupInstances_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/deletedBackupInstances/{instance}/undelete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undelete an instance; its protection stays stopped */
        post: operations["DeletedBackupInstances_Undelete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/backup": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Back up now, beside the schedule */
        post: operations["BackupInstances_AdhocBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a recovery point to a new disk */
        post: operations["BackupInstances_TriggerRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/crossRegionRestore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore the copy of a recovery point in its region */
        post: operations["BackupInstances_TriggerCrossRegionRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/validateCrossRegionRestore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a restore of a copy in its region would work */
        post: operations["BackupInstances_ValidateCrossRegionRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/fetchSecondaryRecoveryPoints": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The recovery points of an instance that have a copy in the region */
        post: operations["FetchSecondaryRecoveryPoints_List"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/fetchCrossRegionRestoreJobs": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The restores of a vault from copies in the region, of a week unless the filter says since when */
        post: operations["FetchCrossRegionRestoreJobs_List"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/fetchCrossRegionRestoreJob": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A restore from a copy in the region */
        post: operations["FetchCrossRegionRestoreJob_Get"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/restoreTogether": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore several disks to one moment, by one job */
        post: operations["BackupVaults_RestoreTogether"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/previewRestoreTogether": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Which points a restore of several disks would take, how far they lie apart, and why it would not work */
        post: operations["BackupVaults_PreviewRestoreTogether"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/swapDisks": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put restored disks in the place of those that a virtual machine has */
        post: operations["BackupVaults_SwapDisks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/previewSwapDisks": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Which disk would take whose place in a virtual machine, and why it would not */
        post: operations["BackupVaults_PreviewSwapDisks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/swapDisks/{job}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                job: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put back the disks that a swap took off */
        post: operations["Jobs_UndoSwap"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/disks/{disk}/providers/Microsoft.DataProtection/backupInstances": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                disk: string;
            };
            cookie?: never;
        };
        /** The instance that protects a disk, whatever vault it lies in */
        get: operations["BackupInstancesExtensionRouting_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/recoveryPoints": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        /** Recovery points, newest first */
        get: operations["RecoveryPoints_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/recoveryPointCopies": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        /** Copies of recovery points in other regions, newest first, with those that wait */
        get: operations["RecoveryPointCopies_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/recoveryPoints/{point}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        /** A recovery point */
        get: operations["RecoveryPoints_Get"];
        put?: never;
        post?: never;
        /** Delete a recovery point, at once or when soft delete ends, unless a promise keeps it */
        delete: operations["RecoveryPoints_Delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/recoveryPoints/{point}/undelete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undelete a recovery point: it is kept as long as it was promised */
        post: operations["RecoveryPoints_Undelete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/legalHolds": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The legal holds on a vault */
        get: operations["LegalHolds_ListOfVault"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/legalHolds/{hold}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                hold: string;
            };
            cookie?: never;
        };
        /** A legal hold on a vault */
        get: operations["LegalHolds_GetOfVault"];
        /** Hold all recovery points of a vault, now and later */
        put: operations["LegalHolds_SetOnVault"];
        post?: never;
        /** Clear a legal hold on a vault: it ends after a delay */
        delete: operations["LegalHolds_ClearOfVault"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/legalHolds": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        /** The legal holds on a backup instance */
        get: operations["LegalHolds_ListOfBackupInstance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/legalHolds/{hold}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                hold: string;
            };
            cookie?: never;
        };
        /** A legal hold on a backup instance */
        get: operations["LegalHolds_GetOfBackupInstance"];
        /** Hold all recovery points of a backup instance, now and later */
        put: operations["LegalHolds_SetOnBackupInstance"];
        post?: never;
        /** Clear a legal hold on a backup instance: it ends after a delay */
        delete: operations["LegalHolds_ClearOfBackupInstance"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/recoveryPoints/{point}/legalHolds": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        /** The legal holds on a recovery point */
        get: operations["LegalHolds_ListOfRecoveryPoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/recoveryPoints/{point}/legalHolds/{hold}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
                hold: string;
            };
            cookie?: never;
        };
        /** A legal hold on a recovery point */
        get: operations["LegalHolds_GetOfRecoveryPoint"];
        /** Hold a recovery point: nothing deletes it until the hold is cleared */
        put: operations["LegalHolds_SetOnRecoveryPoint"];
        post?: never;
        /** Clear a legal hold on a recovery point: it ends after a delay */
        delete: operations["LegalHolds_ClearOfRecoveryPoint"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/deletionBrake": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** How the deletion brake of a vault stands: what was counted, what waits, and who let what go */
        get: operations["DeletionBrake_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/deletionBrake/goOn": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let go what the deletion brake stopped: for another person than who caused it */
        post: operations["DeletionBrake_GoOn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/findRestorableTimeRanges": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Always none: a disk can be restored at the times of its recovery points */
        post: operations["RestorableTimeRanges_Find"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/exportBackupJobs": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Not offered: list the jobs */
        post: operations["ExportJobs_Trigger"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupJobs/operations/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                operation: string;
            };
            cookie?: never;
        };
        /** Never found: nothing is exported */
        get: operations["ExportJobsOperationResult_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupAlerts": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The alerts of a vault, newest first */
        get: operations["BackupAlerts_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupAlerts/{alert}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                alert: string;
            };
            cookie?: never;
        };
        /** An alert */
        get: operations["BackupAlerts_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupAlerts/{alert}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                alert: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Note that somebody is looking into an alert */
        post: operations["BackupAlerts_Acknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/refusedEvents": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Events that the topic refused permanently */
        get: operations["RefusedEvents_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/auditRecords": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Who changed or tried what in a vault, newest first */
        get: operations["AuditRecords_ListInVault"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/auditRecords": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** Who tried what outside of any vault, newest first */
        get: operations["AuditRecords_ListInSubscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupJobs": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** Jobs, newest first */
        get: operations["Jobs_List"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupJobs/{job}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                job: string;
            };
            cookie?: never;
        };
        /** A job with its steps */
        get: operations["Jobs_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/operationStatus/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The status of an operation */
        get: operations["OperationStatusBackupVaultContext_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/operationStatus/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The status of an operation */
        get: operations["OperationStatusResourceGroupContext_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/locations/{location}/operationStatus/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The status of a vault's deletion */
        get: operations["OperationStatusResourceGroupLocation_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/{location}/operationStatus/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                location: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The status of an operation */
        get: operations["OperationStatus_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/operationResults/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The vault, when the operation is over */
        get: operations["BackupVaultOperationResults_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/backupInstances/{instance}/operationResults/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The instance, when the operation is over */
        get: operations["BackupInstances_GetBackupInstanceOperationResult"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/{location}/operationResults/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                location: string;
                operation: string;
            };
            cookie?: never;
        };
        /** The job that the operation started, if any */
        get: operations["OperationResult_Get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/health": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** The state of a vault's backups, at a glance */
        get: operations["Health_GetOfVault"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/health": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** The vaults that the caller may see in a subscription, at a glance */
        get: operations["Health_GetOfSubscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/providers/Microsoft.DataProtection/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The vaults that the caller may see, at a glance */
        get: operations["Health_GetOfAll"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/storageHistory": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** How much a vault held, day by day */
        get: operations["StorageHistory_GetOfVault"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/providers/Microsoft.DataProtection/storageHistory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The vaults that the caller may see, and how much they held, day by day */
        get: operations["StorageHistory_GetOfAll"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataProtection/backupVaults/{vault}/complianceReport": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        /** What was due and what was done in a period, instance by instance of a vault */
        get: operations["ComplianceReport_GetOfVault"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions/{subscription}/providers/Microsoft.DataProtection/complianceReport": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        /** What was due and what was done in a period, instance by instance of the vaults in a subscription that the caller may see */
        get: operations["ComplianceReport_GetOfSubscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether backups are being started: for load balancers and dead-man services */
        get: operations["Health_Live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        BackupVaultInput: {
            tags?: {
                [key: string]: string;
            } | null;
            identity?: {
                /** @enum {string} */
                type: "None" | "SystemAssigned" | "UserAssigned" | "SystemAssigned,UserAssigned";
                /** @description Ids of user-assigned identities; what each holds is ignored. */
                userAssignedIdentities?: Record<string, never> | null;
            } | null;
            location: string;
            properties: components["schemas"]["BackupVaultSettings"];
        };
        BackupVaultPatch: {
            tags?: {
                [key: string]: string;
            } | null;
            identity?: {
                /** @enum {string} */
                type: "None" | "SystemAssigned" | "UserAssigned" | "SystemAssigned,UserAssigned";
                /** @description Ids of user-assigned identities; what each holds is ignored. */
                userAssignedIdentities?: Record<string, never> | null;
            } | null;
            properties?: components["schemas"]["BackupVaultSettings"] | null;
        };
        BackupVaultSettings: {
            storageSettings?: {
                /** @enum {string} */
                datastoreType: "OperationalStore" | "VaultStore" | "ArchiveStore";
                /** @enum {string} */
                type: "LocallyRedundant" | "ZoneRedundant" | "GeoRedundant";
            }[] | null;
            monitoringSettings?: {
                azureMonitorAlertSettings?: {
                    /** @enum {string|null} */
                    alertsForAllJobFailures?: "Enabled" | "Disabled" | null;
                } | null;
            } | null;
            securitySettings?: {
                softDeleteSettings?: {
                    /** @enum {string|null} */
                    state?: "Off" | "On" | "AlwaysOn" | null;
                    retentionDurationInDays?: number | null;
                } | null;
                immutabilitySettings?: {
                    /** @enum {string|null} */
                    state?: "Disabled" | "Unlocked" | "Locked" | null;
                } | null;
                deletionBrakeSettings?: {
                    sharePercent?: number | null;
                } | null;
            } | null;
            featureSettings?: {
                crossSubscriptionRestoreSettings?: {
                    /** @enum {string|null} */
                    state?: "Disabled" | "PermanentlyDisabled" | "Enabled" | null;
                } | null;
                crossRegionRestoreSettings?: {
                    /** @enum {string|null} */
                    state?: "Disabled" | "Enabled" | null;
                } | null;
            } | null;
            costManagementSettings?: {
                /** @enum {string|null} */
                granularityLevel?: "VaultLevel" | "ProtectedItemLevel" | "ProtectedItemWithParentTag" | null;
            } | null;
        };
        ResourceGuardInput: {
            location: string;
            tags?: {
                [key: string]: string;
            } | null;
            properties?: {
                vaultCriticalOperationExclusionList?: ("Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/delete" | "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/write" | "Microsoft.RecoveryServices/vaults/backupPolicies/write" | "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies/delete" | "Microsoft.RecoveryServices/vaults/backupSecurityPIN/action" | "Microsoft.RecoveryServices/vaults/backupconfig/write" | "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/write#stopProtectionWithRetainData" | "Microsoft.RecoveryServices/vaults/write#reduceImmutabilityState" | "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/restore/action" | "Microsoft.DataProtection/backupVaults/backupInstances/delete" | "Microsoft.DataProtection/backupVaults/write#reduceImmutabilityState" | "Microsoft.DataProtection/backupVaults/write#reduceSoftDeleteSecurity" | "Microsoft.DataProtection/backupVaults/write#modifyEncryptionSettings" | "Microsoft.DataProtection/backupVaults/backupInstances/stopProtection/action" | "Microsoft.DataProtection/backupVaults/backupInstances/suspendBackups/action" | "Microsoft.DataProtection/backupVaults/backupInstances/write" | "Microsoft.DataProtection/backupVaults/backupInstances/restore/action")[] | null;
            } | null;
        };
        ResourceGuardPatch: {
            tags?: {
                [key: string]: string;
            } | null;
        };
        ResourceGuardProxyInput: {
            properties: {
                resourceGuardResourceId: string;
            };
        };
        UnlockDeleteRequest: {
            resourceGuardOperationRequests: string[];
            /** @description What it is unlocked for, unless the operation is on the vault or its mapping. */
            resourceToBeDeleted?: string | null;
        };
        TagsInput: {
            properties: {
                tags: {
                    [key: string]: string;
                };
            };
        };
        TagsPatch: {
            /** @enum {string} */
            operation: "Merge" | "Replace" | "Delete";
            properties: {
                tags: {
                    [key: string]: string;
                };
            };
        };
        CheckNameAvailabilityRequest: {
            name: string;
            /** @enum {string} */
            type: "Microsoft.DataProtection/backupVaults";
        };
        FeatureValidationRequest: {
            /** @enum {string} */
            objectType: "FeatureValidationRequest";
            /** @enum {string} */
            featureType: "DataSourceType";
            featureName?: string | null;
        };
        BackupPolicyInput: {
            properties: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string | null;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string | null;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[] | null;
                                daysOfMonth?: unknown[] | null;
                                daysOfTheWeek?: unknown[] | null;
                                monthsOfYear?: unknown[] | null;
                                scheduleTimes?: unknown[] | null;
                                weeksOfTheMonth?: unknown[] | null;
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[] | null;
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[] | null;
                    }[];
                    isDefault?: boolean | null;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            };
        };
        PolicyPreviewRequest: {
            properties?: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string | null;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string | null;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[] | null;
                                daysOfMonth?: unknown[] | null;
                                daysOfTheWeek?: unknown[] | null;
                                monthsOfYear?: unknown[] | null;
                                scheduleTimes?: unknown[] | null;
                                weeksOfTheMonth?: unknown[] | null;
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[] | null;
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[] | null;
                    }[];
                    isDefault?: boolean | null;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            } | null;
            startTime?: string | null;
            days?: number | null;
            slots?: number | null;
            dates?: string[] | null;
        };
        PolicyChangePreviewRequest: {
            properties: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string | null;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string | null;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[] | null;
                                daysOfMonth?: unknown[] | null;
                                daysOfTheWeek?: unknown[] | null;
                                monthsOfYear?: unknown[] | null;
                                scheduleTimes?: unknown[] | null;
                                weeksOfTheMonth?: unknown[] | null;
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[] | null;
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[] | null;
                    }[];
                    isDefault?: boolean | null;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            };
            backupInstanceName?: string | null;
            dates?: string[] | null;
        };
        QuotaRequest: {
            days?: number | null;
            copyHours?: number | null;
        };
        PolicyQuotaRequest: {
            days?: number | null;
            copyHours?: number | null;
            properties?: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string | null;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string | null;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[] | null;
                                daysOfMonth?: unknown[] | null;
                                daysOfTheWeek?: unknown[] | null;
                                monthsOfYear?: unknown[] | null;
                                scheduleTimes?: unknown[] | null;
                                weeksOfTheMonth?: unknown[] | null;
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[] | null;
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[] | null;
                    }[];
                    isDefault?: boolean | null;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            } | null;
            subscriptionId?: string | null;
            moreDisks?: number | null;
        };
        CostRequest: {
            properties?: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string | null;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string | null;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[] | null;
                                daysOfMonth?: unknown[] | null;
                                daysOfTheWeek?: unknown[] | null;
                                monthsOfYear?: unknown[] | null;
                                scheduleTimes?: unknown[] | null;
                                weeksOfTheMonth?: unknown[] | null;
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[] | null;
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[] | null;
                    }[];
                    isDefault?: boolean | null;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            } | null;
            days?: number | null;
            dates?: string[] | null;
            usedBytes?: number | null;
            changedBytes?: number | null;
            changedWithin?: string | null;
            location?: string | null;
            currency?: string | null;
            /** @enum {string|null} */
            redundancy?: "Standard_ZRS" | "Standard_LRS" | null;
            pricePerGibMonth?: number | null;
            copyPricePerGibMonth?: number | null;
            transferPricePerGib?: number | null;
            copyHours?: number | null;
            /** @enum {integer|null} */
            memoryMB?: 512 | 2048 | null;
            includeBilled?: boolean | null;
        };
        PolicyCostRequest: {
            properties?: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string | null;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string | null;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[] | null;
                                daysOfMonth?: unknown[] | null;
                                daysOfTheWeek?: unknown[] | null;
                                monthsOfYear?: unknown[] | null;
                                scheduleTimes?: unknown[] | null;
                                weeksOfTheMonth?: unknown[] | null;
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[] | null;
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[] | null;
                    }[];
                    isDefault?: boolean | null;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            } | null;
            days?: number | null;
            dates?: string[] | null;
            usedBytes?: number | null;
            changedBytes?: number | null;
            changedWithin?: string | null;
            location?: string | null;
            currency?: string | null;
            /** @enum {string|null} */
            redundancy?: "Standard_ZRS" | "Standard_LRS" | null;
            pricePerGibMonth?: number | null;
            copyPricePerGibMonth?: number | null;
            transferPricePerGib?: number | null;
            copyHours?: number | null;
            /** @enum {integer|null} */
            memoryMB?: 512 | 2048 | null;
            disks?: number | null;
        };
        ImportRequest: {
            sourceVaultId: string;
        };
        AdoptionRequest: {
            sourceScope: string;
            dataSourceIds?: string[] | null;
            deletedVaultId?: string | null;
            backupInstanceName?: string | null;
            createdFrom?: string | null;
            createdUntil?: string | null;
            namePattern?: string | null;
            tagConditions?: {
                name: string;
                values?: string[] | null;
            }[] | null;
            retentionTagName?: string | null;
            retentionDuration?: string | null;
        } & (({
            namePattern: string;
        } | {
            tagConditions: {
                name: string;
                values?: string[] | null;
            }[];
        }) & ({
            retentionTagName: string;
        } | {
            retentionDuration: string;
        }));
        UndoAdoptionRequest: {
            sourceScope: string;
            dataSourceIds?: string[] | null;
            deletedVaultId?: string | null;
            backupInstanceName?: string | null;
            createdFrom?: string | null;
            createdUntil?: string | null;
            namePattern?: string | null;
            tagConditions?: {
                name: string;
                values?: string[] | null;
            }[] | null;
            retentionTagName?: string | null;
            retentionDuration?: string | null;
        };
        ProtectionRuleInput: {
            properties: {
                scope: string;
                tagConditions: {
                    name: string;
                    values?: string[] | null;
                }[];
                excludedTags?: {
                    name: string;
                    values?: string[] | null;
                }[] | null;
                excludedIds?: (string)[] | null;
                policyId: string;
                snapshotResourceGroupId: string;
                priority: number;
                enabled?: boolean | null;
            };
        };
        GoOnRequest: {
            batchId: string;
            reason: string;
        };
        RestoreTestPlanInput: {
            properties: {
                backupInstances?: string[] | null;
                /** @enum {string|null} */
                recoveryPoint?: "Newest" | "Random" | null;
                windowDays?: number | null;
                schedule: {
                    repeatingTimeIntervals: string[];
                    timeZone?: string | null;
                };
                targetResourceGroupId: string;
                testsPerRun?: number | null;
                disksAtOnce?: number | null;
                /** @enum {string|null} */
                diskSku?: "Standard_LRS" | "StandardSSD_LRS" | "StandardSSD_ZRS" | "Premium_LRS" | "Premium_ZRS" | "PremiumV2_LRS" | "UltraSSD_LRS" | null;
                enabled?: boolean | null;
            };
        };
        RestoreTestEstimateRequest: {
            properties?: {
                backupInstances?: string[] | null;
                /** @enum {string|null} */
                recoveryPoint?: "Newest" | "Random" | null;
                windowDays?: number | null;
                schedule: {
                    repeatingTimeIntervals: string[];
                    timeZone?: string | null;
                };
                targetResourceGroupId: string;
                testsPerRun?: number | null;
                disksAtOnce?: number | null;
                /** @enum {string|null} */
                diskSku?: "Standard_LRS" | "StandardSSD_LRS" | "StandardSSD_ZRS" | "Premium_LRS" | "Premium_ZRS" | "PremiumV2_LRS" | "UltraSSD_LRS" | null;
                enabled?: boolean | null;
            } | null;
            hourlyPrices?: {
                [key: string]: number;
            } | null;
        };
        CopyRuleInput: {
            properties: {
                policyId: string;
                targetLocation: string;
                snapshotResourceGroupId: string;
                retentions: {
                    tagName: string;
                    duration: string;
                }[];
                diskEncryptionSetId?: string | null;
            };
        };
        LegalHoldInput: {
            properties: {
                reason: string;
            };
        };
        BackupInstanceInput: {
            tags?: {
                [key: string]: string;
            } | null;
            properties: components["schemas"]["BackupInstanceProperties"];
        };
        BackupInstanceProperties: {
            friendlyName?: string | null;
            dataSourceInfo: {
                resourceID: string;
                /** @enum {string} */
                datasourceType: "Microsoft.Compute/disks";
                resourceUri?: string | null;
                resourceName?: string | null;
                /** @enum {string|null} */
                resourceType?: "Microsoft.Compute/disks" | null;
                resourceLocation?: string | null;
                /** @enum {string|null} */
                objectType?: "Datasource" | null;
            };
            policyInfo: {
                policyId: string;
                policyParameters: {
                    dataStoreParametersList: {
                        /** @enum {string|null} */
                        dataStoreType?: "OperationalStore" | null;
                        /** @enum {string} */
                        objectType: "AzureOperationalStoreParameters";
                        resourceGroupId: string;
                    }[];
                };
            };
            /** @description Must choose what the vault acts with. */
            identityDetails?: {
                useSystemAssignedIdentity?: boolean | null;
                userAssignedIdentityArmUrl?: string | null;
            } | null;
            /** @enum {string|null} */
            objectType?: "BackupInstance" | "" | null;
        };
        ValidateForBackupRequest: {
            backupInstance: components["schemas"]["BackupInstanceProperties"];
        };
        ValidateForModifyBackupRequest: {
            backupInstance: components["schemas"]["BackupInstanceProperties"];
        };
        TriggerBackupRequest: {
            backupRuleOptions: {
                ruleName: string;
                triggerOption?: {
                    retentionTagOverride?: string | null;
                } | null;
            };
        };
        RestoreRequest: {
            /** @enum {string} */
            objectType: "AzureBackupRecoveryPointBasedRestoreRequest";
            recoveryPointId: string | "latest";
            /** @enum {string} */
            sourceDataStoreType: "OperationalStore";
            restoreTargetInfo: {
                /** @enum {string} */
                objectType: "RestoreTargetInfo";
                /** @enum {string} */
                recoveryOption: "FailIfExists";
                restoreLocation?: string | null;
                datasourceInfo: {
                    resourceID: string;
                    /** @enum {string|null} */
                    datasourceType?: "Microsoft.Compute/disks" | null;
                    resourceUri?: string | null;
                    resourceName?: string | null;
                    /** @enum {string|null} */
                    resourceType?: "Microsoft.Compute/disks" | null;
                    resourceLocation?: string | null;
                    /** @enum {string|null} */
                    objectType?: "Datasource" | null;
                };
                /** @description Ours: what the new disk has otherwise than its source. */
                targetDisk?: {
                    sku?: string | null;
                    zones?: ("1" | "2" | "3")[] | null;
                    sizeGB?: number | null;
                    tags?: {
                        [key: string]: string;
                    } | null;
                    keepSourceTags?: boolean | null;
                } | null;
            };
            /** @description Must choose what the vault acts with. */
            identityDetails?: {
                useSystemAssignedIdentity?: boolean | null;
                userAssignedIdentityArmUrl?: string | null;
            } | null;
        } | {
            /** @enum {string} */
            objectType: "AzureBackupRecoveryTimeBasedRestoreRequest";
            recoveryPointTime: string;
            /** @enum {string} */
            sourceDataStoreType: "OperationalStore";
            restoreTargetInfo: {
                /** @enum {string} */
                objectType: "RestoreTargetInfo";
                /** @enum {string} */
                recoveryOption: "FailIfExists";
                restoreLocation?: string | null;
                datasourceInfo: {
                    resourceID: string;
                    /** @enum {string|null} */
                    datasourceType?: "Microsoft.Compute/disks" | null;
                    resourceUri?: string | null;
                    resourceName?: string | null;
                    /** @enum {string|null} */
                    resourceType?: "Microsoft.Compute/disks" | null;
                    resourceLocation?: string | null;
                    /** @enum {string|null} */
                    objectType?: "Datasource" | null;
                };
                /** @description Ours: what the new disk has otherwise than its source. */
                targetDisk?: {
                    sku?: string | null;
                    zones?: ("1" | "2" | "3")[] | null;
                    sizeGB?: number | null;
                    tags?: {
                        [key: string]: string;
                    } | null;
                    keepSourceTags?: boolean | null;
                } | null;
            };
            /** @description Must choose what the vault acts with. */
            identityDetails?: {
                useSystemAssignedIdentity?: boolean | null;
                userAssignedIdentityArmUrl?: string | null;
            } | null;
        };
        ValidateRestoreRequest: {
            restoreRequestObject: components["schemas"]["RestoreRequest"];
        };
        CrossRegionRestoreRequest: {
            restoreRequestObject: components["schemas"]["RestoreRequest"];
            crossRegionRestoreDetails: {
                sourceBackupInstanceId: string;
                sourceRegion: string;
            };
        };
        FetchSecondaryRPsRequest: {
            sourceBackupInstanceId: string;
            sourceRegion: string;
        };
        CrossRegionRestoreJobsRequest: {
            sourceBackupVaultId: string;
            sourceRegion: string;
        };
        CrossRegionRestoreJobRequest: {
            sourceBackupVaultId: string;
            sourceRegion: string;
            jobId: string;
        };
        RestoreTogetherRequest: {
            restores: {
                backupInstanceName: string;
                restoreTargetInfo: {
                    /** @enum {string} */
                    objectType: "RestoreTargetInfo";
                    /** @enum {string} */
                    recoveryOption: "FailIfExists";
                    restoreLocation?: string | null;
                    datasourceInfo: {
                        resourceID: string;
                        /** @enum {string|null} */
                        datasourceType?: "Microsoft.Compute/disks" | null;
                        resourceUri?: string | null;
                        resourceName?: string | null;
                        /** @enum {string|null} */
                        resourceType?: "Microsoft.Compute/disks" | null;
                        resourceLocation?: string | null;
                        /** @enum {string|null} */
                        objectType?: "Datasource" | null;
                    };
                    /** @description Ours: what the new disk has otherwise than its source. */
                    targetDisk?: {
                        sku?: string | null;
                        zones?: ("1" | "2" | "3")[] | null;
                        sizeGB?: number | null;
                        tags?: {
                            [key: string]: string;
                        } | null;
                        keepSourceTags?: boolean | null;
                    } | null;
                };
            }[];
            recoveryPointTime?: string | null;
            slot?: string | null;
            requestId?: string | null;
            /** @description Must choose what the vault acts with. */
            identityDetails?: {
                useSystemAssignedIdentity?: boolean | null;
                userAssignedIdentityArmUrl?: string | null;
            } | null;
        };
        SwapDisksRequest: {
            virtualMachineId: string;
            disks: {
                diskId: string;
                replaces?: string | null;
            }[];
            whileRunning?: boolean | null;
        };
        FindRestorableTimeRangesRequest: {
            /** @enum {string} */
            sourceDataStoreType: "OperationalStore";
            startTime?: string | null;
            endTime?: string | null;
        };
        QueryRequest: {
            /**
             * @example resources | where type =~ 'microsoft.dataprotection/backupvaults'
             * @example RecoveryServicesResources | where type =~ 'microsoft.dataprotection/backupvaults/backupinstances' | extend vaultName = split(split(id, '/Microsoft.DataProtection/backupVaults/')[1],'/')[0] | extend protectionState = properties.currentProtectionState | extend datasourceId = properties.dataSourceInfo.resourceID
             * @example RecoveryServicesResources | where type =~ 'microsoft.dataprotection/backupvaults/backupjobs' | extend vaultName = properties.vaultName | extend status = properties.status | extend operation = case( tolower(properties.operationCategory) startswith 'backup' and properties.isUserTriggered == 'true', strcat('OnDemand',properties.operationCategory), tolower(properties.operationCategory) startswith 'backup' and properties.isUserTriggered == 'false', strcat('Scheduled', properties.operationCategory), type =~ 'microsoft.dataprotection/backupVaults/backupJobs', properties.operationCategory, 'Invalid') | extend datasourceId = properties.dataSourceId
             */
            query: string;
            subscriptions?: string[] | null;
            managementGroups?: unknown[] | null;
            facets?: unknown[] | null;
            options?: {
                $top?: number | null;
                $skip?: number | null;
                $skipToken?: string | null;
                /** @enum {string|null} */
                resultFormat?: "objectArray" | "table" | null;
                allowPartialScopes?: boolean | null;
                /** @enum {string|null} */
                authorizationScopeFilter?: "AtScopeAndBelow" | "AtScopeAndAbove" | "AtScopeExact" | "AtScopeAboveAndBelow" | null;
            } | null;
        };
        /** @description What Azure takes here changes nothing that is done. */
        NothingNeeded: Record<string, never>;
        BackupVaultResource: {
            properties: {
                storageSettings?: {
                    /** @enum {string} */
                    datastoreType: "OperationalStore" | "VaultStore" | "ArchiveStore";
                    /** @enum {string} */
                    type: "LocallyRedundant" | "ZoneRedundant" | "GeoRedundant";
                }[];
                monitoringSettings?: {
                    azureMonitorAlertSettings?: {
                        /** @enum {string} */
                        alertsForAllJobFailures?: "Enabled" | "Disabled";
                    };
                };
                securitySettings: {
                    softDeleteSettings?: {
                        /** @enum {string} */
                        state?: "Off" | "On" | "AlwaysOn";
                        retentionDurationInDays?: number;
                    };
                    immutabilitySettings?: {
                        /** @enum {string} */
                        state?: "Disabled" | "Unlocked" | "Locked";
                    };
                    deletionBrakeSettings?: {
                        sharePercent?: number;
                    };
                };
                featureSettings?: {
                    crossSubscriptionRestoreSettings?: {
                        /** @enum {string} */
                        state?: "Disabled" | "PermanentlyDisabled" | "Enabled";
                    };
                    crossRegionRestoreSettings?: {
                        /** @enum {string} */
                        state?: "Disabled" | "Enabled";
                    };
                };
                costManagementSettings?: {
                    /** @enum {string} */
                    granularityLevel?: "VaultLevel" | "ProtectedItemLevel" | "ProtectedItemWithParentTag";
                };
                /** @enum {string} */
                provisioningState: "Succeeded" | "Provisioning" | "Updating";
                isVaultProtectedByResourceGuard: boolean;
                /** @enum {string} */
                secureScore: "None" | "Minimum" | "Adequate" | "Maximum";
                /** @enum {string} */
                bcdrSecurityLevel: "Poor" | "Fair" | "Good" | "Excellent";
                replicatedRegions: string[];
                pendingWeakening?: {
                    /** Format: date-time */
                    effectiveTime: string;
                    changes: string[];
                };
            };
            id: string;
            name: string;
            type: string;
            location: string;
            identity?: {
                /** @enum {string} */
                type: "None" | "SystemAssigned" | "UserAssigned" | "SystemAssigned,UserAssigned";
                userAssignedIdentities?: {
                    [key: string]: {
                        clientId?: string;
                        principalId?: string;
                    };
                };
                principalId?: string;
                tenantId?: string;
            };
            tags?: {
                [key: string]: string;
            };
        };
        DeletedBackupVaultList: {
            value: unknown[];
        };
        CheckNameAvailabilityResult: {
            nameAvailable: boolean;
            /** @enum {string|null} */
            reason: "Invalid" | "AlreadyExists" | null;
            message: string | null;
        };
        BaseBackupPolicyResource: {
            properties: {
                policyRules: ({
                    backupParameters: {
                        /** @enum {string} */
                        backupType: "Incremental";
                        /** @enum {string} */
                        objectType: "AzureBackupParams";
                    };
                    trigger: {
                        schedule: {
                            repeatingTimeIntervals: string[];
                            timeZone?: string;
                        };
                        taggingCriteria: {
                            tagInfo: {
                                tagName: string;
                                id?: string;
                            };
                            taggingPriority: number;
                            isDefault: boolean;
                            criteria?: {
                                absoluteCriteria?: ("AllBackup" | "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear")[];
                                daysOfMonth?: unknown[];
                                daysOfTheWeek?: unknown[];
                                monthsOfYear?: unknown[];
                                scheduleTimes?: unknown[];
                                weeksOfTheMonth?: unknown[];
                                /** @enum {string} */
                                objectType: "ScheduleBasedBackupCriteria";
                            }[];
                        }[];
                        /** @enum {string} */
                        objectType: "ScheduleBasedTriggerContext";
                    };
                    dataStore: {
                        /** @enum {string} */
                        dataStoreType: "OperationalStore";
                        /** @enum {string} */
                        objectType: "DataStoreInfoBase";
                    };
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureBackupRule";
                } | {
                    lifecycles: {
                        deleteAfter: {
                            /** @enum {string} */
                            objectType: "AbsoluteDeleteOption";
                            duration: string;
                        };
                        sourceDataStore: {
                            /** @enum {string} */
                            dataStoreType: "OperationalStore";
                            /** @enum {string} */
                            objectType: "DataStoreInfoBase";
                        };
                        targetDataStoreCopySettings?: unknown[];
                    }[];
                    isDefault?: boolean;
                    name: string;
                    /** @enum {string} */
                    objectType: "AzureRetentionRule";
                })[];
                datasourceTypes: "Microsoft.Compute/disks"[];
                /** @enum {string} */
                objectType: "BackupPolicy";
            };
            id: string;
            name: string;
            type: string;
        };
        BackupInstanceResource: {
            properties: {
                friendlyName: string;
                dataSourceInfo: {
                    resourceID: string;
                    /** @enum {string} */
                    datasourceType: "Microsoft.Compute/disks";
                    resourceUri?: string;
                    resourceName?: string;
                    /** @enum {string} */
                    resourceType?: "Microsoft.Compute/disks";
                    resourceLocation?: string;
                    /** @enum {string} */
                    objectType?: "Datasource";
                };
                policyInfo: {
                    policyId: string;
                    policyParameters: {
                        dataStoreParametersList: {
                            /** @enum {string} */
                            dataStoreType?: "OperationalStore";
                            /** @enum {string} */
                            objectType: "AzureOperationalStoreParameters";
                            resourceGroupId: string;
                        }[];
                    };
                };
                /** @description Must choose what the vault acts with. */
                identityDetails?: {
                    useSystemAssignedIdentity?: boolean;
                    userAssignedIdentityArmUrl?: string;
                };
                protectionStatus: {
                    /** @enum {string} */
                    status: "ConfiguringProtection" | "UpdatingProtection" | "ProtectionConfigured" | "ProtectionStopped" | "BackupsSuspended" | "SoftDeleting" | "SoftDeleted" | "ConfiguringProtectionFailed";
                    errorDetails?: components["schemas"]["UserFacingError"];
                };
                protectionErrorDetails?: components["schemas"]["UserFacingError"];
                /** @enum {string} */
                currentProtectionState: "ConfiguringProtection" | "UpdatingProtection" | "ProtectionConfigured" | "ProtectionStopped" | "BackupsSuspended" | "ProtectionError" | "SoftDeleting" | "SoftDeleted";
                /** @enum {string} */
                provisioningState: "Succeeded" | "Provisioning" | "Failed" | "Deleting";
                missedSlots?: {
                    /** Format: date-time */
                    slot: string;
                    reason: string;
                }[];
                missedSlotCount?: number;
                /** @enum {string} */
                objectType: "BackupInstance";
            };
            id: string;
            name: string;
            type: string;
            tags?: {
                [key: string]: string;
            };
        };
        DeletedBackupInstanceResource: {
            properties: {
                deletionInfo: {
                    /** Format: date-time */
                    deletionTime: string;
                    /** Format: date-time */
                    billingEndDate: string;
                    /** Format: date-time */
                    scheduledPurgeTime: string;
                    deleteActivityID: string;
                };
                friendlyName: string;
                dataSourceInfo: {
                    resourceID: string;
                    /** @enum {string} */
                    datasourceType: "Microsoft.Compute/disks";
                    resourceUri?: string;
                    resourceName?: string;
                    /** @enum {string} */
                    resourceType?: "Microsoft.Compute/disks";
                    resourceLocation?: string;
                    /** @enum {string} */
                    objectType?: "Datasource";
                };
                policyInfo: {
                    policyId: string;
                    policyParameters: {
                        dataStoreParametersList: {
                            /** @enum {string} */
                            dataStoreType?: "OperationalStore";
                            /** @enum {string} */
                            objectType: "AzureOperationalStoreParameters";
                            resourceGroupId: string;
                        }[];
                    };
                };
                /** @description Must choose what the vault acts with. */
                identityDetails?: {
                    useSystemAssignedIdentity?: boolean;
                    userAssignedIdentityArmUrl?: string;
                };
                protectionStatus: {
                    /** @enum {string} */
                    status: "ConfiguringProtection" | "UpdatingProtection" | "ProtectionConfigured" | "ProtectionStopped" | "BackupsSuspended" | "SoftDeleting" | "SoftDeleted" | "ConfiguringProtectionFailed";
                };
                /** @enum {string} */
                currentProtectionState: "ConfiguringProtection" | "UpdatingProtection" | "ProtectionConfigured" | "ProtectionStopped" | "BackupsSuspended" | "ProtectionError" | "SoftDeleting" | "SoftDeleted";
                /** @enum {string} */
                provisioningState: "Succeeded" | "Provisioning" | "Failed" | "Deleting";
                missedSlots?: {
                    /** Format: date-time */
                    slot: string;
                    reason: string;
                }[];
                missedSlotCount?: number;
                /** @enum {string} */
                objectType: "DeletedBackupInstance";
            };
            id: string;
            name: string;
            type: string;
        };
        AzureBackupRecoveryPointResource: {
            properties: {
                /** @enum {string} */
                objectType: "AzureBackupDiscreteRecoveryPoint";
                recoveryPointId: string;
                /** Format: date-time */
                recoveryPointTime: string;
                /** @enum {string} */
                recoveryPointType: "Incremental";
                friendlyName: string;
                recoveryPointDataStoresDetails: {
                    id: string;
                    /** @enum {string} */
                    type: "OperationalStore";
                    /** Format: date-time */
                    creationTime: string;
                    /** Format: date-time */
                    expiryTime: string | null;
                    metaData: string | null;
                    visible: boolean;
                    /** @enum {string} */
                    state: "COMMITTED" | "LOST";
                    rehydrationExpiryTime: null;
                    rehydrationStatus: null;
                }[];
                retentionTagName: string;
                retentionTagVersion: string | null;
                policyName: string;
                policyVersion: null;
                /** Format: date-time */
                expiryTime: string | null;
                /** @enum {string} */
                recoveryPointState: "Completed" | "Expiring" | "Lost";
                retention?: {
                    reasons: string[];
                    /** Format: date-time */
                    keptUntil: string | null;
                    /** Format: date-time */
                    nextDecision: string | null;
                    isGoing: boolean;
                };
            };
            id: string;
            name: string;
            type: string;
        };
        AzureBackupFindRestorableTimeRangesResponseResource: {
            properties: {
                restorableTimeRanges: unknown[];
                /** @enum {string} */
                objectType: "AzureBackupFindRestorableTimeRangesResponse";
            };
            id: string;
            type: string;
        };
        AzureBackupJobResource: {
            properties: {
                activityID: string;
                subscriptionId: string;
                backupInstanceId: string;
                dataSourceId: string;
                vaultName: string;
                backupInstanceFriendlyName: string;
                sourceResourceGroup: string;
                dataSourceName: string;
                etag: string;
                sourceSubscriptionID: string;
                dataSourceLocation: string;
                dataSourceType: string;
                duration: string;
                dataSourceSetName: null;
                sourceDataStoreName: null;
                restoreType: null;
                rehydrationPriority: null;
                progressUrl: null;
                policyId: string | null;
                policyName: string | null;
                /** @enum {string|null} */
                sourceDataStoreType: "OperationalStore" | null;
                /** @enum {string|null} */
                destinationDataStoreName: "OperationalTierStore" | null;
                progressEnabled: boolean;
                /** Format: date-time */
                startTime: string;
                /** Format: date-time */
                endTime: string | null;
                /** @enum {string} */
                operationCategory: "Backup" | "Restore" | "RestoreTogether" | "SwapDisks" | "UndoSwap" | "ExpireRecoveryPoints" | "CopyRecoveryPoint" | "ConfigureProtection" | "DeleteBackupInstance" | "ImportVault" | "UndoImport" | "FinishImport" | "AdoptSnapshots" | "UndoAdoption" | "RestoreTest" | "CrossRegionRestore";
                isCrossRegionRestore: true | null;
                /** @enum {string} */
                operation: "Backup" | "Restore" | "RestoreTogether" | "SwapDisks" | "UndoSwap" | "ExpireRecoveryPoints" | "CopyRecoveryPoint" | "ConfigureProtection" | "DeleteBackupInstance" | "ImportVault" | "UndoImport" | "FinishImport" | "AdoptSnapshots" | "UndoAdoption" | "RestoreTest";
                /** @enum {string} */
                status: "InProgress" | "Completed" | "CompletedWithWarnings" | "Failed" | "Cancelled";
                isUserTriggered: boolean;
                supportedActions: string[];
                errorDetails: components["schemas"]["UserFacingError"][] | null;
                extendedInfo: {
                    backupInstanceState: null;
                    dataTransferredInBytes: null;
                    targetRecoverPoint: {
                        recoveryPointID: string;
                        /** Format: date-time */
                        recoveryPointTime: string;
                    } | null;
                    sourceRecoverPoint: {
                        recoveryPointID: string;
                        /** Format: date-time */
                        recoveryPointTime: string;
                    } | null;
                    recoveryDestination: string | null;
                    subTasks: {
                        taskId: number;
                        taskName: string;
                        taskStatus: string;
                        taskProgress: string | null;
                        additionalDetails: {
                            [key: string]: string;
                        } | null;
                    }[];
                    additionalDetails: {
                        [key: string]: string;
                    } | null;
                    warningDetails: {
                        resourceName: string;
                        warning: components["schemas"]["UserFacingError"];
                    }[] | null;
                };
            };
            id: string;
            name: string;
            type: string;
        };
        AzureBackupJobResourceList: {
            value: components["schemas"]["AzureBackupJobResource"][];
            /** Format: uri */
            nextLink: string | null;
        };
        AuditRecord: {
            properties: {
                /** Format: date-time */
                time: string;
                requestId: string;
                correlationId: string;
                ipAddress: string;
                method: string;
                action: string;
                path: string;
                caller: {
                    objectId: string;
                    name: string;
                    kind: string;
                };
                /** @enum {string} */
                outcome: "Attempted" | "Succeeded" | "Refused" | "Failed";
                status: number | null;
                errorCode: string;
                leftOut: number;
                changes: string[];
            };
            id: string;
            name: string;
            type: string;
        };
        BackupAlert: {
            properties: {
                alertRule: string;
                eventType: string;
                backupInstanceId: string;
                /** Format: date-time */
                firedDateTime: string | null;
                /** Format: date-time */
                lastToldDateTime: string | null;
                /** Format: date-time */
                resolvedDateTime: string | null;
                /** Format: date-time */
                acknowledgedDateTime: string | null;
                dataSourceId: string | null;
                jobId: string | null;
                acknowledgedBy: string | null;
                /** @enum {string} */
                monitorCondition: "Fired" | "Resolved";
                /** @enum {string} */
                severity: "Sev0" | "Sev1" | "Sev2" | "Sev3" | "Sev4";
                occurrenceCount: number;
                errorDetails: components["schemas"]["UserFacingError"] | null;
            };
            id: string;
            name: string;
            type: string;
        };
        RefusedEvent: {
            properties: {
                code: string;
                message: string;
                /** Format: date-time */
                refusedDateTime: string;
                event: {
                    id: string;
                    type: string;
                    source: string;
                    subject: string;
                    /** Format: date-time */
                    time: string;
                    data: Record<string, never>;
                };
            };
            id: string;
            name: string;
            type: string;
        };
        PolicyPreview: {
            policyName: string;
            timeZone: string;
            /** Format: date-time */
            startTime: string;
            /** Format: date-time */
            endTime: string;
            slots: {
                /** Format: date-time */
                time: string;
                /** Format: date-time */
                localTime: string;
                clockChange: string | null;
            }[];
            slotCount: number;
            tags: {
                tagName: string;
                count: number;
                duration: string;
            }[];
            dates: {
                /** Format: date-time */
                time: string;
                count: number;
                recoveryPoints: {
                    /** Format: date-time */
                    recoveryPointTime: string;
                    retentionTagName: string;
                    /** Format: date-time */
                    expiryTime: string | null;
                    reasons: string[];
                    retentionTagReason: string;
                }[];
            }[];
            peak: {
                count: number;
                /** Format: date-time */
                time: string | null;
            };
            limits: {
                limit: number;
                of: string;
                /** Format: date-time */
                exceededOn: string | null;
            }[];
            slotsTooCloseForAzure: number;
            slotsTooCloseForBackgroundCopies: number;
            assumptions: string[];
            faults: components["schemas"]["ErrorDetail"][];
        };
        PolicyChangePreview: {
            value: {
                backupInstanceId: string;
                newestRecoveryPoint: {
                    /** Format: date-time */
                    recoveryPointTime: string;
                    /** Format: date-time */
                    goesBefore: string | null;
                    /** Format: date-time */
                    goesAfter: string | null;
                    reason: string;
                } | null;
                shortenedRetention: string[];
                counts: {
                    /** Format: date-time */
                    time: string;
                    before: number;
                    after: number;
                }[];
                limits: {
                    limit: number;
                    of: string;
                    /** Format: date-time */
                    exceededOn: string | null;
                }[];
                recoveryPoints?: {
                    name: string;
                    /** Format: date-time */
                    recoveryPointTime: string;
                    retentionTagName: string;
                    /** Format: date-time */
                    expiryTime: string | null;
                    reasons: string[];
                    /** Format: date-time */
                    goesBefore: string | null;
                    /** Format: date-time */
                    goesAfter: string | null;
                }[];
            }[];
            assumptions: string[];
            faults: components["schemas"]["ErrorDetail"][];
            /** Format: uri */
            nextLink?: string;
        };
        CostEstimate: {
            billed: {
                from: string;
                to: string;
                gibMonths: number;
                cost: number;
                currency: string | null;
                days: {
                    day: string;
                    gibMonths: number;
                    cost: number;
                }[];
                /** Format: date-time */
                askedTime: string;
            } | null;
            policyName: string;
            location: string;
            backupInstanceId: string | null;
            disks: number;
            recoveryPoints: number;
            /** Format: date-time */
            startTime: string;
            /** Format: date-time */
            endTime: string;
            inputs: {
                name: string;
                value: number | null;
                source: string;
            }[];
            dates: {
                /** Format: date-time */
                time: string;
                recoveryPoints: number;
                gib: {
                    least: number;
                    estimate: number | null;
                    most: number;
                };
            }[];
            months: {
                /** Format: date-time */
                startTime: string;
                /** Format: date-time */
                endTime: string;
                gibMonths: {
                    least: number;
                    estimate: number | null;
                    most: number;
                };
                cost: {
                    least: number;
                    estimate: number | null;
                    most: number;
                } | null;
            }[];
            total: {
                gibMonths: {
                    least: number;
                    estimate: number | null;
                    most: number;
                };
                cost: {
                    least: number;
                    estimate: number | null;
                    most: number;
                } | null;
            };
            price: {
                redundancy: string;
                currency: string;
                perGibMonth: number | null;
                readOn: string | null;
                origin: string | null;
            };
            copies: {
                copyRuleName: string | null;
                location: string;
                recoveryPointCopies: number;
                dates: {
                    /** Format: date-time */
                    time: string;
                    recoveryPoints: number;
                    gib: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    };
                }[];
                months: {
                    /** Format: date-time */
                    startTime: string;
                    /** Format: date-time */
                    endTime: string;
                    gibMonths: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    };
                    cost: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    } | null;
                }[];
                total: {
                    gibMonths: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    };
                    cost: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    } | null;
                };
                price: {
                    redundancy: string;
                    currency: string;
                    perGibMonth: number | null;
                    readOn: string | null;
                    origin: string | null;
                };
                transfer: {
                    gib: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    };
                    cost: {
                        least: number;
                        estimate: number | null;
                        most: number;
                    } | null;
                    perGib: number | null;
                    readOn: string | null;
                    origin: string | null;
                };
            }[];
            longerAtHome: {
                gibMonths: {
                    least: number;
                    estimate: number | null;
                    most: number;
                };
                cost: {
                    least: number;
                    estimate: number | null;
                    most: number;
                } | null;
            };
            controlPlane: {
                backups: number;
                expiredRecoveryPoints: number;
                armCalls: number;
                memoryMB: number;
                countedOn: string;
                currency: string;
                parts: {
                    of: string;
                    count: number;
                    price: number | null;
                    for: number | null;
                    readOn: string | null;
                    origin: string | null;
                    cost: number | null;
                }[];
                cost: number | null;
            };
            formula: string[];
            assumptions: string[];
            unknown: string[];
            faults: components["schemas"]["ErrorDetail"][];
        };
        QuotaForecast: {
            subscriptionId: string;
            location: string;
            /** Format: date-time */
            startTime: string;
            /** Format: date-time */
            endTime: string;
            backupInstances: number;
            recoveryPoints: number;
            disksThatReachALimit: number;
            limits: {
                of: string;
                limit: number;
                current: number | null;
                most: number;
                /** Format: date-time */
                exceededOn: string | null;
            }[];
            worstMinute: {
                /** Format: date-time */
                time: string | null;
                backups: number;
                lastBeginsAfterSeconds: number;
            };
            copiesFromOtherRegions: {
                recoveryPointCopies: number;
                mostDueInADay: number;
                canBeMadeInADay: number;
                /** Format: date-time */
                fallBehindOn: string | null;
            };
            firstDisks: {
                backupInstanceId: string | null;
                dataSourceId: string | null;
                of: string;
                limit: number;
                /** Format: date-time */
                exceededOn: string;
            }[];
            assumptions: string[];
            unknown: string[];
        };
        UnprotectedDiskList: {
            value: {
                dataSourceId: string;
                location: string;
                sku: string;
                reason: string;
                sizeBytes: number;
                lastOwnershipUpdateTime: string | null;
                backupInstanceId: string | null;
            }[];
            count: number;
            sizeBytes: number;
            unknown: string[];
            /** Format: uri */
            nextLink?: string;
        };
        ProtectionGapList: {
            value: {
                backupInstanceId: string;
                dataSourceId: string;
                recoveryPoints: number;
                gaps: {
                    /** @enum {string} */
                    kind: "ObjectiveMissed" | "OnlyRecoveryPoint" | "DiskGone";
                    reason: string;
                }[];
            }[];
            /** Format: uri */
            nextLink?: string;
        };
        ImportDryRun: {
            sourceVaultId: string;
            location: string;
            instanceCount: number;
            policies: {
                name: string;
                /** @enum {string} */
                action: "Write" | "Keep" | "None";
                faults: {
                    code: string;
                    message: string;
                    target: string;
                }[];
            }[];
            value: {
                sourceInstanceId: string;
                name: string;
                dataSourceId: string;
                snapshotResourceGroupId: string;
                policyName: string;
                sourceProtectionState: string;
                /** @enum {string} */
                action: "Import" | "Keep" | "ImportRecoveryPointsOnly" | "None";
                faults: {
                    code: string;
                    message: string;
                    target: string;
                }[];
                recoveryPoints: {
                    name: string;
                    retentionTagName: string;
                    snapshotId: string;
                    /** Format: date-time */
                    creationTime: string | null;
                    /** Format: date-time */
                    expiryTime: string | null;
                    /** @enum {string} */
                    action: "Adopt" | "Keep" | "None";
                    faults: {
                        code: string;
                        message: string;
                        target: string;
                    }[];
                }[];
            }[];
            /** Format: uri */
            nextLink?: string;
        };
        RestoreTogetherPreview: {
            restores: {
                backupInstanceId: string;
                targetDiskId: string;
                dataSourceId: string | null;
                recoveryPointId: string | null;
                /** Format: date-time */
                recoveryPointTime: string | null;
                restoreLocation: string | null;
            }[];
            /** Format: date-time */
            oldestRecoveryPointTime: string | null;
            /** Format: date-time */
            newestRecoveryPointTime: string | null;
            apart: string;
            virtualMachines: {
                virtualMachineId: string;
                diskCount: number;
                /** Format: date-time */
                oldestRecoveryPointTime: string | null;
                /** Format: date-time */
                newestRecoveryPointTime: string | null;
                apart: string;
            }[];
            faults: {
                code: string;
                message: string;
                target: string;
            }[];
        };
        AdoptionDryRun: {
            sourceScope: string;
            snapshotCount: number;
            value: {
                snapshotId: string;
                dataSourceId: string;
                backupInstanceName: string | null;
                retentionTagName: string | null;
                /** Format: date-time */
                creationTime: string;
                /** Format: date-time */
                expiryTime: string | null;
                isOverdue: boolean;
                /** @enum {string} */
                action: "Adopt" | "Keep" | "None";
                faults: {
                    code: string;
                    message: string;
                    target: string;
                }[];
            }[];
            /** Format: uri */
            nextLink?: string;
        };
        SwapDisksPreview: {
            virtualMachineId: string;
            powerState: string | null;
            swaps: {
                oldDiskId: string;
                newDiskId: string;
                lun: number | null;
                caching: string | null;
            }[];
            faults: {
                code: string;
                message: string;
                target: string;
            }[];
        };
        ProtectionRule: {
            properties: {
                scope: string;
                tagConditions: {
                    name: string;
                    values?: string[];
                }[];
                excludedTags: {
                    name: string;
                    values?: string[];
                }[];
                excludedIds: (string)[];
                policyId: string;
                snapshotResourceGroupId: string;
                priority: number;
                enabled: boolean;
                /** Format: date-time */
                lastModifiedTime: string;
            };
            id: string;
            name: string;
            type: string;
        };
        RestoreTestPlan: {
            properties: {
                backupInstances: string[];
                /** @enum {string} */
                recoveryPoint: "Newest" | "Random";
                windowDays: number;
                schedule: {
                    repeatingTimeIntervals: string[];
                    timeZone?: string;
                };
                targetResourceGroupId: string;
                testsPerRun: number;
                disksAtOnce: number;
                diskSku: string | null;
                enabled: boolean;
                /** Format: date-time */
                lastModifiedTime: string;
                /** Format: date-time */
                lastRunTime: string | null;
            };
            id: string;
            name: string;
            type: string;
        };
        RestoreTestEstimate: {
            backupInstanceCount: number;
            /** Format: date-time */
            nextRunTime: string | null;
            nextRun: {
                backupInstanceId: string;
                dataSourceId: string;
                diskSku: string;
                diskSizeGB: number;
            }[];
            runsIn30Days: number;
            diskHours: {
                meter: string;
                hours: number;
            }[];
            gibHours: number;
            amount: number | null;
        };
        RestoreTestRun: {
            jobIds: string[];
        };
        LegalHold: {
            properties: {
                reason: string;
                /** Format: date-time */
                setTime: string;
                setBy: string | null;
                setByName: string | null;
                clearedBy: string | null;
                clearedByName: string | null;
                /** Format: date-time */
                endTime: string | null;
                isStanding: boolean;
            };
            id: string;
            name: string;
            type: string;
        };
        DeletionBrake: {
            properties: {
                isStopped: boolean;
                sharePercent: number;
                unbrakedInstances: number;
                countedInstances: number;
                batch: {
                    batchId: string;
                    reason: string;
                    /** Format: date-time */
                    since: string;
                    backupInstances: number;
                    recoveryPoints: number;
                    causedBy: string[];
                } | null;
                goOns: {
                    batch: {
                        batchId: string;
                        reason: string;
                        /** Format: date-time */
                        since: string;
                        backupInstances: number;
                        recoveryPoints: number;
                        causedBy: string[];
                    };
                    reason: string;
                    saidBy: string;
                    saidByName: string;
                    /** Format: date-time */
                    saidTime: string;
                    /** Format: date-time */
                    effectiveUntil: string;
                }[];
            };
            id: string;
            name: string;
            type: string;
        };
        CopyRule: {
            properties: {
                policyId: string;
                targetLocation: string;
                snapshotResourceGroupId: string;
                retentions: {
                    tagName: string;
                    duration: string;
                }[];
                diskEncryptionSetId: string | null;
                /** Format: date-time */
                sinceTime: string;
            };
            id: string;
            name: string;
            type: string;
        };
        RecoveryPointCopy: {
            properties: {
                recoveryPointId: string;
                location: string;
                retentionTagName: string;
                copyRuleName: string;
                /** @enum {string} */
                state: "Waiting" | "Copying" | "Completed" | "Expiring" | "Lost";
                snapshotId: string | null;
                waitsBecause: string | null;
                expiryBlocked: string | null;
                /** Format: date-time */
                recoveryPointTime: string;
                /** Format: date-time */
                expiryTime: string;
                /** Format: date-time */
                completedTime: string | null;
                /** Format: date-time */
                notBeforeTime: string | null;
                /** Format: date-time */
                immutableUntilTime: string | null;
                attempts: number;
                legalHolds: string[];
            };
            id: string;
            name: string;
            type: string;
        };
        ProtectionRuleDryRun: {
            value: {
                dataSourceId: string;
                /** @enum {string} */
                action: "Protect" | "MoveToPolicy" | "Resume" | "Retry" | "StopProtection" | "None";
                backupInstanceId: string | null;
                policyId: string | null;
                protectionRuleId: string | null;
                reasons: string[];
            }[];
            left: number;
        };
        SignOfLife: {
            /** @enum {string} */
            status: "ok" | "stalled";
        };
        Health: {
            properties: {
                /** Format: date-time */
                time: string;
                /** Format: date-time */
                lastTick: string | null;
                duties: {
                    /** @enum {string} */
                    name: "dispatch" | "watch" | "sweep" | "objectives" | "poison" | "knock" | "reconcile";
                    /** Format: date-time */
                    lastDone: string | null;
                    isStalled: boolean;
                }[];
                tables: {
                    isSetBack: boolean;
                    isReconciled: boolean;
                };
                immutability: {
                    /** @enum {string|null} */
                    state: "Disabled" | "Unlocked" | "Locked" | null;
                    /** @enum {string} */
                    keptBy: "Azure" | "ThisAppOnly";
                    instancesNotBound: number;
                    copiesNotBound: {
                        location: string;
                        instancesNotBound: number;
                    }[];
                };
                deletionBrake: {
                    instancesStopped: number;
                };
                vaults: number;
                vaultsLeftOut: number;
                backupInstances: {
                    protected: number;
                    atRisk: number;
                    breached: number;
                    paused: number;
                    error: number;
                };
                jobs: {
                    /** Format: date-time */
                    since: string;
                    counts: {
                        /** @enum {string} */
                        operation: "Backup" | "Restore" | "RestoreTogether" | "SwapDisks" | "UndoSwap" | "ExpireRecoveryPoints" | "CopyRecoveryPoint" | "ConfigureProtection" | "DeleteBackupInstance" | "ImportVault" | "UndoImport" | "FinishImport" | "AdoptSnapshots" | "UndoAdoption" | "RestoreTest";
                        /** @enum {string} */
                        status: "Queued" | "InProgress" | "Completed" | "CompletedWithWarnings" | "Failed" | "Cancelled";
                        count: number;
                    }[];
                };
                worst: {
                    backupInstanceId: string;
                    /** @enum {string} */
                    state: "protected" | "atRisk" | "breached" | "paused" | "error";
                    reason: string;
                    /** Format: date-time */
                    recoveryPointTime: string | null;
                    ageSeconds: number | null;
                    objectiveSeconds: number;
                }[];
                nextDue: {
                    backupInstanceId: string;
                    /** Format: date-time */
                    slot: string;
                }[];
                storage: {
                    backupInstances: number;
                    sourceDiskBytes: number;
                };
                activeAlerts: {
                    Sev0: number;
                    Sev1: number;
                    Sev2: number;
                    Sev3: number;
                    Sev4: number;
                };
                events: {
                    waiting: number;
                    refused: number;
                };
                unreadableRecords: number;
            };
            id: string;
            name: string;
            type: string;
        };
        BackupInstanceStanding: {
            backupInstanceId: string;
            friendlyName: string;
            dataSourceId: string;
            dataSourceLocation: string;
            snapshotResourceGroupId: string;
            policyName: string;
            reason: string;
            currency: string;
            /** @enum {string} */
            currentProtectionState: "ConfiguringProtection" | "UpdatingProtection" | "ProtectionConfigured" | "ProtectionStopped" | "BackupsSuspended" | "ProtectionError" | "SoftDeleting" | "SoftDeleted";
            /** @enum {string} */
            state: "protected" | "atRisk" | "breached" | "paused" | "error";
            /** Format: date-time */
            recoveryPointTime: string | null;
            /** Format: date-time */
            nextBackupTime: string | null;
            objectiveSeconds: number;
            sizeBytes: number;
            recoveryPoints: number | null;
            estimatedGib: number | null;
            estimatedMonthlyCost: number | null;
            activeAlerts: ("Sev0" | "Sev1" | "Sev2" | "Sev3" | "Sev4")[];
        };
        StorageHistory: {
            from: string;
            to: string;
            currency: string;
            value: {
                day: string;
                vaults: number;
                backupInstances: number;
                recoveryPoints: number;
                recoveryPointCopies: number;
                estimatedGib: number;
                estimatedCopiesGib: number;
                estimatedMonthlyCost: number | null;
                estimatedCopiesMonthlyCost: number | null;
            }[];
            assumptions: string[];
        };
        ComplianceReport: {
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            byJobsAlone: string[];
            value: {
                backupInstanceId: string;
                dataSourceId: string;
                policyName: string;
                objective: string;
                longestGap: string;
                slotsDue: number;
                slotsTaken: number;
                slotsLate: number;
                slotsMissed: number;
                slotsFailed: number;
                onDemand: number;
                pointsLost: number;
                pointsHeld: number;
                restoreTests: number;
                restoreTestsFailed: number;
                lastRestoreTest: {
                    jobId: string;
                    /** Format: date-time */
                    time: string;
                    /** @enum {string} */
                    verdict: "Passed" | "PassedWithWarnings" | "Failed";
                    recoveryPointId: string | null;
                    /** Format: date-time */
                    recoveryPointTime: string | null;
                    sampledBytes: number;
                    dataHash: string | null;
                    findings: string[];
                } | null;
                copies: {
                    location: string;
                    /** @enum {string} */
                    state: "protected" | "atRisk" | "breached" | "paused" | "error";
                    copyRuleName: string | null;
                    objective: string | null;
                    age: string | null;
                    newestCopyId: string | null;
                    /** Format: date-time */
                    newestRecoveryPointTime: string | null;
                    /** Format: date-time */
                    newestCompletedTime: string | null;
                    made: number;
                    late: number;
                    failed: number;
                    missed: number;
                    waiting: number;
                    kept: number;
                    lost: number;
                    expiryBlocked: number;
                }[];
                /** @enum {string} */
                state: "protected" | "atRisk" | "breached" | "paused" | "error";
                legalHolds: string[];
            }[];
        };
        OperationResource: {
            id: string;
            name: string;
            /** @enum {string} */
            status: "Inprogress" | "Succeeded" | "Failed" | "Canceled";
            /** Format: date-time */
            startTime: string;
            /** Format: date-time */
            endTime: string;
            properties?: components["schemas"]["OperationJobExtendedInfo"];
            error?: components["schemas"]["Error"];
        };
        OperationJobExtendedInfo: {
            jobId?: string;
            /** @enum {string} */
            objectType: "OperationJobExtendedInfo";
        };
        ClientDiscovery: {
            value: {
                name: string;
                isDataAction: boolean;
                display: {
                    provider: string;
                    resource: string;
                    operation: string;
                    description: string;
                };
                origin: string;
                properties: null;
            }[];
            nextLink: null;
        };
        FeatureValidationResponse: {
            /** @enum {string} */
            objectType: "FeatureValidationResponse";
            featureType: string;
            features: {
                featureName: string;
                /** @enum {string} */
                supportStatus: "GenerallyAvailable" | "NotSupported";
                exposureControlledFeatures: unknown[];
            }[];
        };
        Subscription: {
            id: string;
            authorizationSource: string;
            subscriptionId: string;
            displayName: string;
            state: string;
        };
        Tenant: {
            id: string;
            tenantId: string;
            tenantCategory: string;
        };
        Provider: {
            id: string;
            namespace: string;
            registrationState: string;
            registrationPolicy: string;
            resourceTypes: {
                resourceType: string;
                locations: string[];
                apiVersions: string[];
                defaultApiVersion: string;
            }[];
        };
        GenericResource: {
            id: string;
            name: string;
            type: string;
            location: string;
            provisioningState: string;
            tags?: {
                [key: string]: string;
            };
        };
        TagsResource: {
            id: string;
            name: string;
            type: string;
            properties: {
                tags: {
                    [key: string]: string;
                };
            };
        };
        QueryResponse: {
            totalRecords: number;
            count: number;
            data: Record<string, never>[] | {
                columns: {
                    name: string;
                    type: string;
                }[];
                rows: unknown[][];
            };
            facets: unknown[];
            /** @enum {string} */
            resultTruncated: "false";
            $skipToken?: string;
        };
        ResourceGuardResource: {
            properties: {
                /** @enum {string} */
                provisioningState: "Succeeded";
                resourceGuardOperations: {
                    vaultCriticalOperation: string;
                    requestResourceType: string;
                }[];
                vaultCriticalOperationExclusionList: ("Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/delete" | "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/write" | "Microsoft.RecoveryServices/vaults/backupPolicies/write" | "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies/delete" | "Microsoft.RecoveryServices/vaults/backupSecurityPIN/action" | "Microsoft.RecoveryServices/vaults/backupconfig/write" | "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/write#stopProtectionWithRetainData" | "Microsoft.RecoveryServices/vaults/write#reduceImmutabilityState" | "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/restore/action" | "Microsoft.DataProtection/backupVaults/backupInstances/delete" | "Microsoft.DataProtection/backupVaults/backupResourceGuardProxies/delete" | "Microsoft.DataProtection/backupVaults/write#reduceImmutabilityState" | "Microsoft.DataProtection/backupVaults/write#reduceSoftDeleteSecurity" | "Microsoft.DataProtection/backupVaults/write#modifyEncryptionSettings" | "Microsoft.DataProtection/backupVaults/backupInstances/stopProtection/action" | "Microsoft.DataProtection/backupVaults/backupInstances/suspendBackups/action" | "Microsoft.DataProtection/backupVaults/backupInstances/write" | "Microsoft.DataProtection/backupVaults/backupInstances/restore/action")[];
                allowAutoApprovals: boolean;
            };
            id: string;
            name: string;
            type: string;
            location: string;
            tags?: {
                [key: string]: string;
            };
        };
        DppBaseResource: {
            id: string;
            name: string;
            type: string;
        };
        DppBaseResourceList: {
            value: components["schemas"]["DppBaseResource"][];
        };
        ResourceGuardProxyBaseResource: {
            properties: {
                resourceGuardResourceId: string;
                resourceGuardOperationDetails: {
                    vaultCriticalOperation: string;
                    defaultResourceRequest: string;
                }[];
                /** Format: date-time */
                lastUpdatedTime: string;
            };
            id: string;
            name: string;
            type: string;
        };
        ResourceGuardProxyBaseResourceList: {
            value: components["schemas"]["ResourceGuardProxyBaseResource"][];
        };
        UnlockDeleteResponse: {
            /** Format: date-time */
            unlockDeleteExpiryTime: string;
        };
        Nothing: Record<string, never>;
        BackupVaultResourceList: {
            value: components["schemas"]["BackupVaultResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        BaseBackupPolicyResourceList: {
            value: components["schemas"]["BaseBackupPolicyResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        BackupInstanceResourceList: {
            value: components["schemas"]["BackupInstanceResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        DeletedBackupInstanceResourceList: {
            value: components["schemas"]["DeletedBackupInstanceResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        AzureBackupRecoveryPointResourceList: {
            value: components["schemas"]["AzureBackupRecoveryPointResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        AuditRecordList: {
            value: components["schemas"]["AuditRecord"][];
            /** Format: uri */
            nextLink?: string;
        };
        BackupAlertList: {
            value: components["schemas"]["BackupAlert"][];
            /** Format: uri */
            nextLink?: string;
        };
        RefusedEventList: {
            value: components["schemas"]["RefusedEvent"][];
            /** Format: uri */
            nextLink?: string;
        };
        ProtectionRuleList: {
            value: components["schemas"]["ProtectionRule"][];
            /** Format: uri */
            nextLink?: string;
        };
        RestoreTestPlanList: {
            value: components["schemas"]["RestoreTestPlan"][];
            /** Format: uri */
            nextLink?: string;
        };
        GenericResourceList: {
            value: components["schemas"]["GenericResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        BackupInstanceStandingList: {
            value: components["schemas"]["BackupInstanceStanding"][];
            /** Format: uri */
            nextLink?: string;
        };
        ResourceGuardResourceList: {
            value: components["schemas"]["ResourceGuardResource"][];
            /** Format: uri */
            nextLink?: string;
        };
        RecoveryPointCopyList: {
            value: components["schemas"]["RecoveryPointCopy"][];
            /** Format: uri */
            nextLink?: string;
        };
        AllSubscriptionList: {
            value: components["schemas"]["Subscription"][];
        };
        AllBackupInstanceResourceList: {
            value: components["schemas"]["BackupInstanceResource"][];
        };
        AllTenantList: {
            value: components["schemas"]["Tenant"][];
        };
        AllProviderList: {
            value: components["schemas"]["Provider"][];
        };
        AllLegalHoldList: {
            value: components["schemas"]["LegalHold"][];
        };
        AllCopyRuleList: {
            value: components["schemas"]["CopyRule"][];
        };
        AllAzureBackupRecoveryPointResourceList: {
            value: components["schemas"]["AzureBackupRecoveryPointResource"][];
        };
        AllAzureBackupJobResourceList: {
            value: components["schemas"]["AzureBackupJobResource"][];
        };
        CloudError: {
            error: components["schemas"]["Error"];
        };
        Error: {
            code: string;
            message: string;
            target: string | null;
            details: components["schemas"]["ErrorDetail"][] | null;
            additionalInfo?: {
                /** @enum {string} */
                type: "UserFacingError";
                info: components["schemas"]["UserFacingError"];
            }[];
        };
        ErrorDetail: {
            code: string;
            message: string;
            target: string | null;
        };
        UserFacingError: {
            message: string;
            recommendedAction: string[];
            details: components["schemas"]["ErrorDetail"][] | null;
            code: string;
            target: string;
            innerError: null;
            isRetryable: boolean;
            isUserError: boolean;
            properties: {
                ActivityId: string;
            } | null;
        };
        OpenApi: {
            openapi: string;
            info: Record<string, never>;
            paths: Record<string, never>;
        };
    };
    responses: {
        /** @description Something is wrong with the request; every fault is named. */
        400: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description Nobody is signed in, or the token is not valid. */
        401: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description The caller has no role that allows this, or may not reach it. */
        403: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description There is no such resource. */
        404: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description The resource's present state forbids it; nothing was changed. */
        409: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description The body is too long. */
        413: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description Come back later: Azure asks for it, or too many questions were asked. */
        429: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description An unexpected error; the app's log has it under the correlation id. */
        500: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
        /** @description Storage, Azure or the sign-in keys do not answer; try again. */
        503: {
            headers: {
                "x-ms-error-code": components["headers"]["x-ms-error-code"];
                "x-ms-request-id": components["headers"]["x-ms-request-id"];
                "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CloudError"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description The URL of the operation's status. */
        "Azure-AsyncOperation": string;
        /** @description The URL that has the operation's result once it is over. */
        Location: string;
        /** @description Seconds to wait before asking again. */
        "Retry-After": number;
        /** @description The code of the error in the body. */
        "x-ms-error-code": string;
        /** @description Names this request in the app's log and in audit records. */
        "x-ms-request-id": string;
        /** @description The one that was sent, or a new one; jobs and events carry it. */
        "x-ms-correlation-request-id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    Description_Get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApi"];
                };
            };
            500: components["responses"]["500"];
        };
    };
    Subscriptions_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllSubscriptionList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Tenants_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllTenantList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Resources_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @example resourceType eq 'Microsoft.DataProtection/backupVaults' and tagName eq 'team' */
                $filter?: string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenericResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Resources_ListByResourceGroup: {
        parameters: {
            query: {
                "api-version": string;
                /** @example resourceType eq 'Microsoft.DataProtection/backupVaults' and tagName eq 'team' */
                $filter?: string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenericResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Providers_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllProviderList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Providers_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Provider"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Providers_GetAtTenantScope: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Provider"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Providers_Register: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Provider"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DataProtectionOperations_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClientDiscovery"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Resources_Query: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["QueryRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryResponse"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DataProtection_CheckFeatureSupport: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FeatureValidationRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FeatureValidationResponse"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_CheckNameAvailability: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckNameAvailabilityRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckNameAvailabilityResult"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletedBackupVaults_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedBackupVaultList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletedBackupVaults_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                location: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_GetInSubscription: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupVaultResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_GetInResourceGroup: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupVaultResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupVaultResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackupVaultInput"];
            };
        };
        responses: {
            /** @description Begun. */
            201: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupVaultResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_Update: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackupVaultPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupVaultResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Tags_GetAtScope: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TagsResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Tags_CreateOrUpdateAtScope: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TagsInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TagsResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Tags_DeleteAtScope: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Tags_UpdateAtScope: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TagsPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TagsResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_GetResourcesInSubscription: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_GetResourcesInResourceGroup: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_Put: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResourceGuardInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_Patch: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResourceGuardPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_ListRequests: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
                requests: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DppBaseResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ResourceGuards_GetRequest: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                guard: string;
                requests: string;
                request: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DppBaseResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DppResourceGuardProxy_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardProxyBaseResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DppResourceGuardProxy_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                proxy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardProxyBaseResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DppResourceGuardProxy_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                proxy: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResourceGuardProxyInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceGuardProxyBaseResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DppResourceGuardProxy_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                proxy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DppResourceGuardProxy_UnlockDelete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                proxy: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnlockDeleteRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnlockDeleteResponse"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaseBackupPolicyResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaseBackupPolicyResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackupPolicyInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaseBackupPolicyResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_Preview: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PolicyPreviewRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyPreview"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_PreviewChange: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PolicyChangePreviewRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyChangePreview"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_ForecastQuotas: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PolicyQuotaRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuotaForecast"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupPolicies_EstimateCost: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PolicyCostRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CostEstimate"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Quotas_Forecast: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["QuotaRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuotaForecast"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    UnprotectedDisks_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnprotectedDiskList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ProtectionGaps_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtectionGapList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_DryRunImport: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportDryRun"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_ImportVault: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_UndoImport: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_FinishImport: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_DryRunAdoption: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdoptionRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdoptionDryRun"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_AdoptSnapshots: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdoptionRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_UndoAdoption: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UndoAdoptionRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ProtectionRules_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtectionRuleList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ProtectionRules_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                rule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtectionRule"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ProtectionRules_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                rule: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProtectionRuleInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtectionRule"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ProtectionRules_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                rule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ProtectionRules_DryRun: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                rule: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProtectionRuleInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtectionRuleDryRun"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestoreTestPlans_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreTestPlanList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestoreTestPlans_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreTestPlan"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestoreTestPlans_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreTestPlanInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreTestPlan"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestoreTestPlans_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestoreTestPlans_Estimate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RestoreTestEstimateRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreTestEstimate"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestoreTestPlans_Run: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                plan: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreTestRun"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    CopyRules_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllCopyRuleList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    CopyRules_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                copyrule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyRule"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    CopyRules_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                copyrule: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CopyRuleInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyRule"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    CopyRules_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                copyrule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupInstanceResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstanceStandings_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupInstanceStandingList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupInstanceResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_CreateOrUpdate: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackupInstanceInput"];
            };
        };
        responses: {
            /** @description Begun. */
            201: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupInstanceResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_ValidateForBackup: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateForBackupRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_ValidateForModifyBackup: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateForModifyBackupRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_ValidateForRestore: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateRestoreRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_EstimateCost: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CostRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CostEstimate"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_StopProtection: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_SuspendBackups: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_ResumeProtection: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_ResumeBackups: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_SyncBackupInstance: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletedBackupInstances_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedBackupInstanceResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletedBackupInstances_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedBackupInstanceResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletedBackupInstances_Undelete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_AdhocBackup: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TriggerBackupRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_TriggerRestore: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_TriggerCrossRegionRestore: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CrossRegionRestoreRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_ValidateCrossRegionRestore: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CrossRegionRestoreRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    FetchSecondaryRecoveryPoints_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @example startDate eq '2026-03-01T00:00:00Z' and endDate eq '2026-03-02T00:00:00Z' */
                $filter?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FetchSecondaryRPsRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllAzureBackupRecoveryPointResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    FetchCrossRegionRestoreJobs_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @example status eq 'Failed' and operation eq 'Backup' and startTime ge '2026-03-01T00:00:00Z' */
                $filter?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CrossRegionRestoreJobsRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllAzureBackupJobResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    FetchCrossRegionRestoreJob_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CrossRegionRestoreJobRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupJobResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_RestoreTogether: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreTogetherRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_PreviewRestoreTogether: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreTogetherRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreTogetherPreview"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_SwapDisks: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwapDisksRequest"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaults_PreviewSwapDisks: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwapDisksRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SwapDisksPreview"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Jobs_UndoSwap: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                job: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Begun. */
            202: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    Location: components["headers"]["Location"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstancesExtensionRouting_List: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                disk: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllBackupInstanceResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RecoveryPoints_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @example startDate eq '2026-03-01T00:00:00Z' and endDate eq '2026-03-02T00:00:00Z' */
                $filter?: string;
                /** @description Why each point is kept, and until when. */
                $expand?: "retention" | "";
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupRecoveryPointResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RecoveryPointCopies_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryPointCopyList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RecoveryPoints_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupRecoveryPointResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RecoveryPoints_Delete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupRecoveryPointResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RecoveryPoints_Undelete: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupRecoveryPointResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_ListOfVault: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllLegalHoldList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_GetOfVault: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_SetOnVault: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LegalHoldInput"];
            };
        };
        responses: {
            /** @description Begun. */
            201: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_ClearOfVault: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_ListOfBackupInstance: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllLegalHoldList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_GetOfBackupInstance: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_SetOnBackupInstance: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LegalHoldInput"];
            };
        };
        responses: {
            /** @description Begun. */
            201: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_ClearOfBackupInstance: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_ListOfRecoveryPoint: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllLegalHoldList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_GetOfRecoveryPoint: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_SetOnRecoveryPoint: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LegalHoldInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    LegalHolds_ClearOfRecoveryPoint: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                point: string;
                hold: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LegalHold"];
                };
            };
            /** @description Done. */
            204: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletionBrake_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionBrake"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    DeletionBrake_GoOn: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GoOnRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionBrake"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RestorableTimeRanges_Find: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FindRestorableTimeRangesRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupFindRestorableTimeRangesResponseResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ExportJobs_Trigger: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ExportJobsOperationResult_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupAlerts_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @example monitorCondition eq 'Fired' */
                $filter?: string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupAlertList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupAlerts_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                alert: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupAlert"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupAlerts_Acknowledge: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                alert: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NothingNeeded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupAlert"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    RefusedEvents_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefusedEventList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    AuditRecords_ListInVault: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditRecordList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    AuditRecords_ListInSubscription: {
        parameters: {
            query: {
                "api-version": string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditRecordList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Jobs_List: {
        parameters: {
            query: {
                "api-version": string;
                /** @example status eq 'Failed' and operation eq 'Backup' and startTime ge '2026-03-01T00:00:00Z' */
                $filter?: string;
                /** @description Taken from a nextLink. */
                $skipToken?: string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupJobResourceList"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Jobs_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                job: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AzureBackupJobResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    OperationStatusBackupVaultContext_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    OperationStatusResourceGroupContext_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    OperationStatusResourceGroupLocation_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                location: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    OperationStatus_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                location: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationResource"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupVaultOperationResults_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupVaultResource"];
                };
            };
            /** @description Begun. */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    BackupInstances_GetBackupInstanceOperationResult: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
                instance: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupInstanceResource"];
                };
            };
            /** @description Begun. */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    OperationResult_Get: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                location: string;
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Begun. */
            200: {
                headers: {
                    "Azure-AsyncOperation": components["headers"]["Azure-AsyncOperation"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationJobExtendedInfo"];
                };
            };
            /** @description Begun. */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Health_GetOfVault: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Health_GetOfSubscription: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Health_GetOfAll: {
        parameters: {
            query: {
                "api-version": string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    StorageHistory_GetOfVault: {
        parameters: {
            query: {
                "api-version": string;
                /** @description When the period begins; 30 days before its end by default. */
                from?: string | "";
                /** @description When it ends; now by default. */
                to?: string | "";
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StorageHistory"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    StorageHistory_GetOfAll: {
        parameters: {
            query: {
                "api-version": string;
                /** @description When the period begins; 30 days before its end by default. */
                from?: string | "";
                /** @description When it ends; now by default. */
                to?: string | "";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StorageHistory"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ComplianceReport_GetOfVault: {
        parameters: {
            query: {
                "api-version": string;
                /** @description When the period begins; 30 days before its end by default. */
                from?: string | "";
                /** @description When it ends; now by default. */
                to?: string | "";
                /** @description json by default. */
                format?: "json" | "csv" | "";
            };
            header?: never;
            path: {
                subscription: string;
                group: string;
                vault: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ComplianceReport"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    ComplianceReport_GetOfSubscription: {
        parameters: {
            query: {
                "api-version": string;
                /** @description When the period begins; 30 days before its end by default. */
                from?: string | "";
                /** @description When it ends; now by default. */
                to?: string | "";
                /** @description json by default. */
                format?: "json" | "csv" | "";
            };
            header?: never;
            path: {
                subscription: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ComplianceReport"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    Health_Live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignOfLife"];
                };
            };
            500: components["responses"]["500"];
            /** @description Done. */
            503: {
                headers: {
                    "x-ms-request-id": components["headers"]["x-ms-request-id"];
                    "x-ms-correlation-request-id": components["headers"]["x-ms-correlation-request-id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignOfLife"];
                };
            };
        };
    };
}
