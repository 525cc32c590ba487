using static Merlon.Scanning.Tests.Content.ContentCases;

namespace Merlon.Scanning.Tests.Content;

public sealed class TemplateTests
{
    private static byte[] File(string template) => new GgufBytes().Text("tokenizer.chat_template", template).ToArray();

    internal static readonly string[] Ordinary =
    [
        // ChatML
        """
        {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe helpful.<|im_end|>\n' }}{% endif %}
        {{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """,
        // Instructions in brackets, system text inside the first one
        """
        {%- if messages[0]['role'] == 'system' -%}{%- set loop_messages = messages[1:] -%}{%- set system_message = messages[0]['content'] -%}
        {%- else -%}{%- set loop_messages = messages -%}{%- set system_message = false -%}{%- endif -%}
        {%- for message in loop_messages -%}
        {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('Roles must alternate: ' + message['role']) }}{%- endif -%}
        {%- if loop.index0 == 0 and system_message != false -%}{%- set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] -%}
        {%- else -%}{%- set content = message['content'] -%}{%- endif -%}
        {%- if message['role'] == 'user' -%}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
        {%- elif message['role'] == 'assistant' -%}{{ ' ' + content.strip() + ' ' + eos_token }}{%- endif -%}{%- endfor -%}
        """,
        // Headers, a date, and tools
        """
        {{- bos_token }}{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}{%- if not date_string is defined %}
        {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}{%- endif %}
        {%- if not tools is defined %}{%- set tools = none %}{%- endif %}
        {%- if builtin_tools is defined or tools is not none %}{{- "Environment: ipython\n" }}{%- endif %}
        {%- if builtin_tools is defined %}{{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\n\n" }}{%- endif %}
        {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\n\n" }}{%- endfor %}
        {%- for message in messages %}{%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}
        {%- elif 'tool_calls' in message %}{%- if not message.tool_calls|length == 1 %}{{- raise_exception("One call at a time") }}{%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}{{- '{"name": "' + tool_call.name + '", ' }}{%- for arg_name, arg_val in tool_call.arguments | items %}
        {{- arg_name + '="' + arg_val + '"' }}{%- if not loop.last %}{{- ", " }}{%- endif %}{%- endfor %}{%- endif %}{%- endfor %}
        """,
        // Namespaces, reverse order, tests and filters of lists
        """
        {%- set user_messages = messages | selectattr("role", "equalto", "user") | list %}{%- set ns = namespace(index=0, last_query=messages|length - 1, found=true) %}
        {%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}{%- if ns.found and message.role == "user" and message.content is string
        and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}{%- set ns.found = false %}{%- set ns.last_query = index %}{%- endif %}{%- endfor %}
        {%- for message in messages %}{%- if message.content is string %}{%- set content = message.content %}{%- else %}{%- set content = '' %}{%- endif %}
        {%- set reasoning = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}{{- reasoning.strip('\n') }}
        {%- if loop.last or (not loop.last and messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\n' }}{%- endif %}{%- if message == user_messages[-1] %}{{ eos_token }}{%- endif %}{%- endfor %}
        """,
        // Data indexed by their own keys, and by places that are counted
        """
        {%- set ns = namespace(at=0) %}{% for tool in tools %}{% for key in tool.parameters.properties %}{{ tool.parameters.properties[key].type }}{% endfor %}{% endfor %}
        {%- for message in messages %}{% if loop.index0 > 0 and messages[loop.index0 - 1].role == 'tool' %}{{ messages[ns.at + 1].content }}{% endif %}{% set ns.at = ns.at + 1 %}
        {%- for key, value in message.items() if key not in ['role'] %}{{ message[key] }}{% endfor %}{% for key in message.keys()|sort %}{{ message[key]|tojson }}{% endfor %}{% endfor %}
        """,
        // Macros over a JSON schema
        """
        {%- macro describe(parameters, required) -%}{%- for key, value in parameters | dictsort -%}{{ key }}:{description: "{{ value['description'] }}", type: "{{ value['type'] | upper }}"
        {%- if value['type'] | upper == 'OBJECT' -%}{{ describe(value['properties'], value['required'] | default([])) }}{%- endif -%}}{%- if not loop.last %},{%- endif -%}{%- endfor -%}{%- endmacro -%}
        {%- for tool in tools %}{{ describe(tool['function']['parameters']['properties'], []) }}{% endfor %}{# a comment #}{% generation %}{{ messages[0].content }}{% endgeneration %}
        """,
    ];

    public static TheoryData<string> OrdinaryTemplates() => new(Ordinary);

    [Theory]
    [MemberData(nameof(OrdinaryTemplates))]
    public void Judge_OrdinaryTemplate_Passes(string template) => Passes("m.gguf", File(template), "gguf");

    [Theory]
    [InlineData("{{ messages.__class__ }}", "template.attribute")]
    [InlineData("{{ ''.__class__.__mro__[1].__subclasses__() }}", "template.attribute")]
    [InlineData("{{ messages['__class__'] }}", "template.attribute")]
    [InlineData("{{ messages['__cla' + 'ss__'] }}", "template.built-subscript")]
    [InlineData("{{ messages['__cla' 'ss__'] }}", "template.built-subscript")]
    [InlineData("{{ messages['\\x5f\\x5fclass\\x5f\\x5f'] }}", "template.not-understood")]
    [InlineData("{{ messages|attr('__class__') }}", "template.name")]
    [InlineData("{{ messages|map(attribute='__class__')|list }}", "template.attribute")]
    [InlineData("{{ messages|map('attr', '__class__')|list }}", "template.name")]
    [InlineData("{{ messages|selectattr('__class__')|list }}", "template.attribute")]
    [InlineData("{{ messages|sort(attribute='a.__class__') }}", "template.attribute")]
    [InlineData("{{ '{0.__class__}'.format(messages) }}", "template.attribute")]
    [InlineData("{{ '%c%c' | format(95, 95) }}", "template.name")]
    [InlineData("{% set k = '__cl' ~ 'ass__' %}{{ messages[k] }}", "template.built-subscript")]
    [InlineData("{% set k %}__class__{% endset %}{{ messages[k] }}", "template.built-subscript")]
    [InlineData("{% set ns = namespace(k='_') %}{% set ns.k = ns.k * 2 %}{{ messages[ns.k] }}", "template.built-subscript")]
    [InlineData("{{ messages[bos_token] }}", "template.built-subscript")]
    [InlineData("{% set k = bos_token %}{{ messages[k] }}", "template.built-subscript")]
    [InlineData("{% macro m(k) %}{{ messages[k] }}{% endmacro %}{{ m('_' ~ '_class__') }}", "template.built-subscript")]
    [InlineData("{% for k in ['__class__'|lower] %}{{ messages[k] }}{% endfor %}", "template.built-subscript")]
    [InlineData("{% set ns = namespace(u='', c='') %}{% for x in messages|string %}{% if x == '_' %}{% set ns.u = x %}{% elif x == 'c' %}{% set ns.c = x %}{% endif %}{% endfor %}{{ messages[ns.u ~ ns.u ~ ns.c] }}", "template.built-subscript")]
    [InlineData("{% set k = messages[0].role + messages[0].content %}{{ messages[k] }}", "template.built-subscript")]
    [InlineData("{% set k = messages[0].role * 2 %}{{ messages[k] }}", "template.built-subscript")]
    [InlineData("{% set k = messages|map(attribute='role')|join %}{{ messages[k] }}", "template.built-subscript")]
    [InlineData("{{ messages[dict(a=1)|first] }}", "template.built-subscript")]
    [InlineData("{{ dict(__class__=1) }}", "template.attribute")]
    [InlineData("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "template.name")]
    [InlineData("{{ self }}", "template.name")]
    [InlineData("{{ lipsum() }}", "template.name")]
    [InlineData("{{ range }}", "template.not-understood")]
    [InlineData("{{ messages[0]() }}", "template.name")]
    [InlineData("{{ (messages)(1) }}", "template.name")]
    [InlineData("{% include '/etc/passwd' %}", "template.statement")]
    [InlineData("{% import 'x' as y %}", "template.statement")]
    [InlineData("{% extends 'x' %}", "template.statement")]
    [InlineData("{% call x() %}{% endcall %}", "template.statement")]
    [InlineData("{% set __import__ = 1 %}", "template.name")]
    [InlineData("{% if messages %}", "template.not-understood")]
    [InlineData("{{ messages ", "template.not-understood")]
    [InlineData("{{ messages ; }}", "template.not-understood")]
    [InlineData("{% endfor %}", "template.not-understood")]
    [InlineData("{# no end", "template.not-understood")]
    public void Judge_HostileTemplate_IsBlocked(string template, string rule) => Blocks("m.gguf", File(template), rule);

    [Fact]
    public void Judge_DepthAndLengthAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Nested(int depth) => File("{{ " + new string('(', depth) + "1" + new string(')', depth) + " }}");
        Passes("m", Nested(Jinja.Limits.Depth - 1), "gguf");
        Blocks("m", Nested(Jinja.Limits.Depth), "template.not-understood");
        Passes("m", File(new string('a', Jinja.Limits.Characters)), "gguf");
        Blocks("m", File(new string('a', Jinja.Limits.Characters + 1)), "template.not-understood");
    }
}
