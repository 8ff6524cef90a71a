export function commandsPage(packageRoot: string): Promise<string>
