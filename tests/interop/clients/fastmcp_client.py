"""FastMCP's client, driven line by line: a tool's name and its arguments, or `tools`."""
import asyncio
import json
import sys

from fastmcp import Client


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with Client(sys.argv[1], auth="oauth") as client:
        while line := await lines.readline():
            name, *arguments = json.loads(line)
            try:
                if name == "tools":
                    answer = {"result": [tool.name for tool in await client.list_tools()]}
                else:
                    result = await client.call_tool(name, *arguments)
                    answer = {"result": result.content[0].text}
            except Exception as error:
                answer = {"error": repr(error)}
            print(json.dumps(answer), flush=True)


asyncio.run(main())
