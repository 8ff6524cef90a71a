export function transpiledPackage(): Promise<string>
